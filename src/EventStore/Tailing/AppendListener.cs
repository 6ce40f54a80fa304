using Events.Platform.Postgres;
using Microsoft.Extensions.Hosting;

namespace Events.EventStore.Tailing;

/// <summary>Hears of other processes' appends. It only wakes: what it misses, polling finds.</summary>
internal sealed class AppendListener(NotificationSession notifications, AppendSignal signal) : IHostedService
{
    private IDisposable? subscription;

    public Task StartAsync(CancellationToken ct)
    {
        subscription = notifications.Subscribe(new NotificationSubscription(["events_appended"], (_, _) => signal.Heard())
        {
            Listening = _ =>
            {
                signal.Heard();
                return Task.CompletedTask;
            },
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken ct)
    {
        subscription?.Dispose();
        return Task.CompletedTask;
    }
}
