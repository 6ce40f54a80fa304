using Events.Platform.Postgres;
using Microsoft.Extensions.Hosting;

namespace Events.Projections.Engine;

/// <summary>Hears how far the projections are that other processes feed.</summary>
internal sealed class ProjectionListener(NotificationSession notifications, ProjectionPositions positions) : IHostedService
{
    private IDisposable? subscription;

    public Task StartAsync(CancellationToken ct)
    {
        subscription = notifications.Subscribe(new NotificationSubscription(["events_projected"], (_, payload) => Hear(payload))
        {
            Listening = async listening =>
            {
                await positions.RefreshAsync(listening);
                positions.IsListening = true;
            },
            Lost = () => positions.IsListening = false,
        });
        return Task.CompletedTask;
    }

    private void Hear(string payload)
    {
        if (!ProjectedMessage.TryParse(payload, out var message))
            return;
        foreach (var projection in message.Projections)
        {
            if (message.IsReset)
                positions.Reset(projection, message.Position);
            else
                positions.Advance(projection, message.Position);
        }
    }

    public Task StopAsync(CancellationToken ct)
    {
        subscription?.Dispose();
        return Task.CompletedTask;
    }
}
