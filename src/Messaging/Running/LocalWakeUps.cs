using Events.Platform.Outbox;

namespace Events.Messaging.Running;

/// <summary>Lets a sender wake the workers of its own process without the detour over the database's notifications.</summary>
public sealed class LocalWakeUps
{
    private Action<string, string?>? woken;

    internal void Signal(OutboxMessage message) => Volatile.Read(ref woken)?.Invoke(message.Queue, message.ScheduledFor is null ? message.Tenant.Value : null);

    internal void Attach(Action<string, string?>? listener) => Volatile.Write(ref woken, listener);
}
