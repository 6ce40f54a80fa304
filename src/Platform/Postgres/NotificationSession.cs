using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Platform.Postgres;

/// <summary>
/// The process's one session that hears notifications, for all who want to. It begins with the first of them and comes back by
/// itself. It is a shortcut only: what is said while it is away is lost, so everybody polls behind it, and looks once whenever it
/// (again) listens.
/// </summary>
public sealed partial class NotificationSession(DirectDataSource direct, TimeProvider time, ILogger<NotificationSession> logger) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private NotificationSubscription[] subscriptions = [];
    private CancellationTokenSource? waiting;
    private Task? running;

    /// <summary>Hears from now on, also after the session was lost and is back, until the answer is disposed.</summary>
    public IDisposable Subscribe(NotificationSubscription subscription)
    {
        lock (gate)
        {
            subscriptions = [.. subscriptions, subscription];
            running ??= Task.Run(() => RunAsync(ending.Token));
            // The session waits for notifications: it is to listen to more first.
            waiting?.Cancel();
        }

        return new Ending(this, subscription);
    }

    private void Unsubscribe(NotificationSubscription subscription)
    {
        lock (gate)
            subscriptions = [.. subscriptions.Where(s => s != subscription)];
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
                LogLost(error);
            }

            await Task.Delay(ReconnectAfter, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await direct.DataSource.OpenConnectionAsync(ct);
        connection.Notification += (_, notification) => Hear(notification);
        var listening = new HashSet<NotificationSubscription>();
        var channels = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                using var round = CancellationTokenSource.CreateLinkedTokenSource(ct);
                foreach (var newcomer in BeginRound(round).Where(listening.Add))
                    await BeginAsync(connection, newcomer, channels, ct);
                try
                {
                    while (true)
                        await connection.WaitAsync(round.Token);
                }
                catch (OperationCanceledException) when (!ct.IsCancellationRequested)
                {
                    // Somebody wants to hear more.
                }
                finally
                {
                    EndRound();
                }
            }
        }
        finally
        {
            foreach (var subscription in listening)
                subscription.Lost?.Invoke();
        }
    }

    // Who subscribes before this is seen by it; who subscribes after cancels the round.
    private NotificationSubscription[] BeginRound(CancellationTokenSource round)
    {
        lock (gate)
        {
            waiting = round;
            return subscriptions;
        }
    }

    private void EndRound()
    {
        lock (gate)
            waiting = null;
    }

    private static async Task BeginAsync(NpgsqlConnection connection, NotificationSubscription subscription, HashSet<string> channels, CancellationToken ct)
    {
        // LISTEN takes no parameters; the names are checked where a subscription is made.
        var wanted = subscription.Channels.Where(channels.Add).ToList();
        if (wanted.Count > 0)
        {
            await using var listen = new NpgsqlCommand(string.Join("; ", wanted.Select(c => "listen " + c)), connection);
            await listen.ExecuteNonQueryAsync(ct);
        }

        // What was said before.
        await subscription.Listening(ct);
    }

    private void Hear(NpgsqlNotificationEventArgs notification)
    {
        foreach (var subscription in Volatile.Read(ref subscriptions))
        {
            if (!subscription.Channels.Contains(notification.Channel, StringComparer.Ordinal))
                continue;
            try
            {
                subscription.Heard(notification.Channel, notification.Payload);
            }
            catch (Exception error)
            {
                // The others hear it all the same.
                LogDeaf(error, notification.Channel);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        Task? ended;
        lock (gate)
            ended = running;
        if (ended is not null)
            await ended;
        ending.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The session that hears notifications is gone; polling until it is back")]
    private partial void LogLost(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A notification of {Channel} was not understood")]
    private partial void LogDeaf(Exception error, string channel);

    private sealed class Ending(NotificationSession session, NotificationSubscription subscription) : IDisposable
    {
        public void Dispose() => session.Unsubscribe(subscription);
    }
}
