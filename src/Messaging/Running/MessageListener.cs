using Events.Platform.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>
/// The process's one session that hears notifications: work to do, jobs to cancel, jobs that changed. It is a shortcut
/// only: whatever it misses while it is away is found by polling.
/// </summary>
public sealed partial class MessageListener(DirectDataSource direct, TimeProvider time, ILogger<MessageListener> logger) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>Queue and tenant that have work; nulls: look everywhere.</summary>
    internal event Action<string?, string?>? Woken;

    /// <summary>Something is due sooner than was known.</summary>
    internal event Action? Delayed;

    /// <summary>A running job was asked to stop.</summary>
    internal event Action<Guid>? CancelRequested;

    /// <summary>Tenant and id of a job whose row has changed.</summary>
    internal event Action<string, Guid>? JobChanged;

    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private Task? running;

    /// <summary>Listens from the first call on, until the process ends.</summary>
    public void Start()
    {
        lock (gate)
            running ??= Task.Run(() => RunAsync(ending.Token));
    }

    private async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogGone(error);
                await Task.Delay(ReconnectAfter, time, ct).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private const string ListenSql =
        """
        listen messages;
        listen message_delays;
        listen message_cancels;
        listen job_changes
        """;

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await direct.DataSource.OpenConnectionAsync(ct);
        connection.Notification += (_, notification) => Hear(notification);
        await using (var listen = new NpgsqlCommand(ListenSql, connection))
            await listen.ExecuteNonQueryAsync(ct);
        // What was said before we listened.
        Woken?.Invoke(null, null);
        Delayed?.Invoke();
        while (true)
            await connection.WaitAsync(ct);
    }

    private void Hear(NpgsqlNotificationEventArgs notification)
    {
        var space = notification.Payload.IndexOf(' ', StringComparison.Ordinal);
        switch (notification.Channel)
        {
            case "messages" when space > 0:
                Woken?.Invoke(notification.Payload[..space], notification.Payload[(space + 1)..]);
                break;
            case "messages":
                Woken?.Invoke(null, null);
                break;
            case "message_delays":
                Delayed?.Invoke();
                break;
            case "message_cancels" when Guid.TryParse(notification.Payload, out var id):
                CancelRequested?.Invoke(id);
                break;
            case "job_changes" when space > 0 && Guid.TryParse(notification.Payload.AsSpan(space + 1), out var id):
                JobChanged?.Invoke(notification.Payload[..space], id);
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        if (running is not null)
            await running;
        ending.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The session that listens for work is gone; polling until it is back")]
    private partial void LogGone(Exception error);
}
