using Events.Platform.Outbox;

namespace Events.Messaging.Running;

/// <summary>Lets a sender wake the workers of its own process without the detour over the database's notifications.</summary>
public sealed class LocalWakeUps
{
    private Action<string, string?>? woken;

    internal void Signal(IReadOnlyList<OutboxMessage> messages)
    {
        if (Volatile.Read(ref woken) is not { } listener)
            return;
        OutboxMessage? before = null;
        foreach (var message in messages)
        {
            // Runs of one sender's messages are the rule: one wake-up is enough for a run.
            if (before is null || before.Tenant != message.Tenant || before.Queue != message.Queue)
                listener(message.Queue, message.ScheduledFor is null ? message.Tenant.Value : null);
            before = message;
        }
    }

    internal void Attach(Action<string, string?>? listener) => Volatile.Write(ref woken, listener);
}
