using System.Buffers;
using System.Globalization;
using System.Text;
using Events.Commands.Permissions;
using Events.Http.Auth;

namespace Events.Http.Feeds;

/// <summary>Answers that go on: server-sent events with a heartbeat, ended when the caller's right to them ends.</summary>
internal sealed class LiveConnections(Authenticator authenticator, TimeProvider clock, IHostApplicationLifetime lifetime)
{
    public async Task<LiveConnection> OpenAsync(HttpContext http, string permission)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var connection = new LiveConnection(http, () => StillMayAsync(http, permission), clock, lifetime.ApplicationStopping);
        connection.WriteComment("retry: 1000");
        await connection.FlushAsync();
        return connection;
    }

    private async ValueTask<bool> StillMayAsync(HttpContext http, string permission) => await authenticator.IdentifyAsync(http) switch
    {
        Identity.Program program => program.Caller.Permissions.Holds(permission),
        Identity.Person { Caller: { } caller } => caller.Permissions.Holds(permission),
        _ => false,
    };
}

/// <summary>One such answer.</summary>
internal sealed class LiveConnection : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private const int HeartbeatTicks = 15;

    private readonly HttpContext http;
    private readonly Func<ValueTask<bool>> stillMay;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource ended;

    public LiveConnection(HttpContext http, Func<ValueTask<bool>> stillMay, TimeProvider clock, CancellationToken stopping)
    {
        this.http = http;
        this.stillMay = stillMay;
        this.clock = clock;
        ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
    }

    /// <summary>The caller hung up, or the service stops.</summary>
    public CancellationToken Ended => ended.Token;

    /// <summary>Buffers one event; <see cref="RunAsync"/> sends what is buffered.</summary>
    public void Write(string name, long? position, ReadOnlySpan<byte> data)
    {
        var writer = http.Response.BodyWriter;
        if (position is { } id)
        {
            writer.Write("id: "u8);
            Encoding.ASCII.GetBytes(id.ToString(CultureInfo.InvariantCulture), writer);
            writer.Write("\n"u8);
        }

        writer.Write("event: "u8);
        Encoding.ASCII.GetBytes(name, writer);
        writer.Write("\ndata: "u8);
        // JSON as it is written here has no line breaks.
        writer.Write(data);
        writer.Write("\n\n"u8);
    }

    public void WriteComment(string line) => Encoding.ASCII.GetBytes($"{line}\n\n", http.Response.BodyWriter);

    public async ValueTask FlushAsync() => await http.Response.BodyWriter.FlushAsync(Ended);

    /// <summary>Writes what comes until it ends, the caller hangs up, or the caller may not any more.</summary>
    public async Task RunAsync<T>(IAsyncEnumerable<T> source, Func<T, Task> write)
    {
        await using var items = source.GetAsyncEnumerator(Ended);
        var next = items.MoveNextAsync().AsTask();
        try
        {
            for (var tick = 1; ; tick++)
            {
                if (await ArrivesAsync(next))
                {
                    if (!await next)
                        return;
                    await write(items.Current);
                    await FlushAsync();
                    next = items.MoveNextAsync().AsTask();
                }
                else if (!await stillMay())
                {
                    return;
                }
                else if (tick % HeartbeatTicks == 0)
                {
                    WriteComment(":");
                    await FlushAsync();
                }
            }
        }
        catch (OperationCanceledException) when (Ended.IsCancellationRequested)
        {
            // The usual end.
        }
        finally
        {
            await ended.CancelAsync();
            // An enumerator must not be disposed of while it moves.
            await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task<bool> ArrivesAsync(Task next)
    {
        if (next.IsCompleted)
            return true;
        try
        {
            await next.WaitAsync(Tick, clock, Ended);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync()
    {
        ended.Dispose();
        return ValueTask.CompletedTask;
    }
}
