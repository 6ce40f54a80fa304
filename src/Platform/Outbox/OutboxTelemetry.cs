using System.Diagnostics.Metrics;

namespace Events.Platform.Outbox;

/// <summary>Counts what either engine has stored, under the name that Messaging documents.</summary>
public static class OutboxTelemetry
{
    private static readonly Meter Meter = new("Events.Messaging");

    private static readonly Counter<long> Enqueued = Meter.CreateCounter<long>("events.messaging.enqueued", "{message}");

    /// <summary>After the commit.</summary>
    public static void Stored(IReadOnlyList<OutboxMessage> messages)
    {
        if (!Enqueued.Enabled)
            return;
        foreach (var message in messages)
            Enqueued.Add(1, new("queue", message.Queue), new("type", message.Type));
    }
}
