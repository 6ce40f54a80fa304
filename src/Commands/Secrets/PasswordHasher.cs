using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace Events.Commands.Secrets;

/// <summary>
/// Stretches passwords on a few threads of its own, below normal priority: a burst of sign-ins waits for itself and takes
/// no thread and little processor from other requests. What would wait too long is refused at once.
/// </summary>
public sealed class PasswordHasher : IAsyncDisposable
{
    private readonly Channel<Action> waiting;
    private readonly Thread[] threads;
    private readonly int iterations;

    // Checked when there is no such account, so that the answer takes as long as for a wrong password.
    private readonly string nobodys;

    public PasswordHasher(IOptions<IdentityOptions> options)
    {
        iterations = options.Value.PasswordIterations;
        nobodys = PasswordHash.Make("nobody's password", iterations);
        waiting = Channel.CreateBounded<Action>(options.Value.PasswordQueue);
        threads = [.. Enumerable.Range(0, options.Value.PasswordThreads).Select(number => new Thread(Work)
        {
            IsBackground = true,
            Name = $"password {number}",
            Priority = ThreadPriority.BelowNormal,
        })];
        foreach (var thread in threads)
            thread.Start();
    }

    /// <exception cref="PasswordHasherBusyException">Too many wait already.</exception>
    public Task<string> HashAsync(string password, CancellationToken ct) => Enqueue(() => PasswordHash.Make(password, iterations), ct);

    /// <param name="encoded">Null when there is no such account: takes as long, and is <see cref="PasswordCheck.Wrong"/>.</param>
    /// <exception cref="PasswordHasherBusyException">Too many wait already.</exception>
    public Task<PasswordCheck> CheckAsync(string password, string? encoded, CancellationToken ct) => Enqueue(
        () =>
        {
            var check = PasswordHash.Check(password, encoded ?? nobodys, iterations);
            return encoded is null ? PasswordCheck.Wrong : check;
        },
        ct);

    private Task<T> Enqueue<T>(Func<T> work, CancellationToken ct)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = waiting.Writer.TryWrite(() =>
        {
            if (ct.IsCancellationRequested)
            {
                done.TrySetCanceled(ct);
                return;
            }
            try
            {
                done.TrySetResult(work());
            }
            catch (Exception error)
            {
                done.TrySetException(error);
            }
        });
        return accepted ? done.Task : throw new PasswordHasherBusyException();
    }

    private void Work()
    {
        // A thread that has nothing to do sleeps in the channel's task; it is no pool thread, so blocking it starves nobody.
        while (waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (waiting.Reader.TryRead(out var work))
                work();
        }
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await waiting.Reader.Completion;
    }
}

/// <summary>Too many passwords wait to be checked: try again shortly.</summary>
public sealed class PasswordHasherBusyException() : Exception("Too many passwords wait to be checked.");
