using Events.Platform.Outbox;

namespace Events.Messaging.Running;

/// <summary>Lets a sender reach the workers of its own process without the detour over the database's notifications.</summary>
public sealed class LocalWakeUps
{
    private Workers? workers;

    /// <summary>Messages that this process may claim while it stores them; null: none.</summary>
    internal ArrivalClaim? Expect(IReadOnlyList<OutboxMessage> messages) => Volatile.Read(ref workers)?.Arrivals.Expect(messages);

    internal void Signal(IReadOnlyList<OutboxMessage> messages)
    {
        if (Volatile.Read(ref workers) is not { } attached)
            return;
        OutboxMessage? before = null;
        foreach (var message in messages)
        {
            // Runs of one sender's messages are the rule: one wake-up is enough for a run.
            if (before is null || before.Tenant != message.Tenant || before.Queue != message.Queue)
                attached.Wake(message.Queue, message.ScheduledFor is null ? message.Tenant.Value : null);
            before = message;
        }
    }

    internal void Attach(Action<string, string?> wake, ArrivalClaims arrivals) => Volatile.Write(ref workers, new Workers(wake, arrivals));

    internal void Detach() => Volatile.Write(ref workers, null);

    private sealed record Workers(Action<string, string?> Wake, ArrivalClaims Arrivals);
}
