using System.Threading.Channels;

namespace Events.Platform.Postgres;

/// <summary>A request that waits to be written together with others.</summary>
/// <typeparam name="TResult">What its caller gets.</typeparam>
public abstract class GroupCommitItem<TResult>
{
    // Continuations run elsewhere: the lane goes straight on to its next batch.
    private readonly TaskCompletionSource<TResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Completion => completion.Task;

    /// <summary>Payload size in bytes, counted against the batch's limit.</summary>
    public abstract int Size { get; }

    public bool TrySucceed(TResult result) => completion.TrySetResult(result);

    public bool TryFail(Exception error) => completion.TrySetException(error);

    public bool TryCancel(CancellationToken ct) => completion.TrySetCanceled(ct);
}

public sealed record GroupCommitLimits
{
    /// <summary>Requests that may wait; one more is refused at once.</summary>
    public int Queued { get; init; } = 10_000;

    /// <summary>Requests in one batch.</summary>
    public int BatchItems { get; init; } = 512;

    /// <summary>Payload bytes in one batch; a single larger item still goes alone.</summary>
    public int BatchBytes { get; init; } = 4 << 20;

    /// <summary>Batches in flight at the same time.</summary>
    public int Lanes { get; init; } = 1;
}

/// <summary>
/// Writes what concurrent callers ask for together. A batch is whatever waits when a lane comes free, bounded in items and
/// bytes; there is no timer, so a lone caller never waits for company.
/// </summary>
/// <remarks>The write delegate must complete every item; what it leaves, or throws, fails the items of that batch.</remarks>
public sealed class GroupCommit<TItem, TResult> : IAsyncDisposable
    where TItem : GroupCommitItem<TResult>
{
    private readonly Channel<TItem> waiting;
    private readonly GroupCommitLimits limits;
    private readonly Func<IReadOnlyList<TItem>, CancellationToken, Task> write;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task[] lanes;

    public GroupCommit(GroupCommitLimits limits, Func<IReadOnlyList<TItem>, CancellationToken, Task> write)
    {
        this.limits = limits;
        this.write = write;
        waiting = Channel.CreateBounded<TItem>(new BoundedChannelOptions(limits.Queued)
        {
            SingleReader = limits.Lanes == 1,
            FullMode = BoundedChannelFullMode.Wait,
        });
        lanes = [.. Enumerable.Range(0, limits.Lanes).Select(_ => Task.Run(RunLaneAsync))];
    }

    /// <summary>Requests waiting now.</summary>
    public int Waiting => waiting.Reader.Count;

    /// <summary>False when the queue is full or closed: the caller answers "try later" rather than hold memory.</summary>
    public bool TryEnqueue(TItem item) => waiting.Writer.TryWrite(item);

    private async Task RunLaneAsync()
    {
        var batch = new List<TItem>(limits.BatchItems);
        while (await waiting.Reader.WaitToReadAsync())
        {
            Drain(batch);
            if (batch.Count == 0)
                continue;
            try
            {
                await write(batch, stopping.Token);
                foreach (var item in batch)
                    item.TryFail(new InvalidOperationException("The batch ended without an answer for this request."));
            }
            catch (Exception error)
            {
                foreach (var item in batch)
                    item.TryFail(error);
            }
        }
    }

    private void Drain(List<TItem> batch)
    {
        batch.Clear();
        var bytes = 0;
        while (batch.Count < limits.BatchItems && waiting.Reader.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Size <= limits.BatchBytes))
        {
            if (!waiting.Reader.TryRead(out next))
                break;
            if (next.Completion.IsCompleted)
                continue;
            bytes += next.Size;
            batch.Add(next);
        }
    }

    /// <summary>Takes no more, writes what waits, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await Task.WhenAll(lanes);
        stopping.Dispose();
    }
}
