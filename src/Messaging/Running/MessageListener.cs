using Events.Platform.Postgres;

namespace Events.Messaging.Running;

/// <summary>Hears of work to do, and of jobs to cancel. It is a shortcut only: whatever it misses is found by polling.</summary>
public sealed class MessageListener(NotificationSession notifications) : IDisposable
{
    /// <summary>Queue and tenant that have work; nulls: look everywhere.</summary>
    internal event Action<string?, string?>? Woken;

    /// <summary>Something is due sooner than was known.</summary>
    internal event Action? Delayed;

    /// <summary>A running job was asked to stop.</summary>
    internal event Action<Guid>? CancelRequested;

    private IDisposable? subscription;

    /// <summary>Listens from the first call on.</summary>
    public void Start() => subscription ??= notifications.Subscribe(new NotificationSubscription(["messages", "message_delays", "message_cancels"], Hear)
    {
        Listening = _ =>
        {
            Woken?.Invoke(null, null);
            Delayed?.Invoke();
            return Task.CompletedTask;
        },
    });

    private void Hear(string channel, string payload)
    {
        var space = payload.IndexOf(' ', StringComparison.Ordinal);
        switch (channel)
        {
            case "messages" when space > 0:
                Woken?.Invoke(payload[..space], payload[(space + 1)..]);
                break;
            case "messages":
                Woken?.Invoke(null, null);
                break;
            case "message_delays":
                Delayed?.Invoke();
                break;
            case "message_cancels" when Guid.TryParse(payload, out var id):
                CancelRequested?.Invoke(id);
                break;
        }
    }

    public void Dispose() => subscription?.Dispose();
}
