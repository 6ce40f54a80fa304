using System.Diagnostics;
using System.Diagnostics.Metrics;
using Events.EventStore.Appending;
using Events.Platform.Outbox;

namespace Events.EventStore;

/// <summary>The meter and the activity source <c>Events.EventStore</c>; docs/metrics.md tells what each figure means.</summary>
internal static class Telemetry
{
    public const string Name = "Events.EventStore";

    private const int MostLinks = 64;

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Units = Meter.CreateCounter<long>("events.store.units", "{unit}");
    private static readonly Counter<long> EventsWritten = Meter.CreateCounter<long>("events.store.events", "{event}");
    private static readonly Histogram<int> BatchUnits = Meter.CreateHistogram<int>("events.store.batch.units", "{unit}");
    private static readonly Histogram<double> QueueWait = Meter.CreateHistogram<double>("events.store.queue.wait", "s");
    private static readonly Histogram<double> Commit = Meter.CreateHistogram<double>("events.store.commit.duration", "s");
    private static readonly Gauge<long> HighWater = Meter.CreateGauge<long>("events.store.high_water", "{position}");
    private static readonly Histogram<double> TailLag = Meter.CreateHistogram<double>("events.store.tail.lag", "s");

    public static ActivitySource Source { get; } = new(Name);

    public static Counter<long> Refused { get; } = Meter.CreateCounter<long>("events.store.busy", "{unit}");

    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>("events.store.retries", "{batch}");

    public static Counter<long> InDoubt { get; } = Meter.CreateCounter<long>("events.store.in_doubt", "{batch}");

    public static Gauge<int> OpenGaps { get; } = Meter.CreateGauge<int>("events.store.gaps.open", "{gap}");

    public static Counter<long> DeadPositions { get; } = Meter.CreateCounter<long>("events.store.gaps.dead", "{position}");

    public static Activity? StartBatch(IReadOnlyList<PendingUnit> units)
    {
        if (!Source.HasListeners())
            return null;
        var links = units.Where(unit => unit.Cause != default).Take(MostLinks).Select(unit => new ActivityLink(unit.Cause));
        var activity = Source.StartActivity("append batch", ActivityKind.Internal, parentContext: default, links: links);
        activity?.SetTag("events.store.batch.units", units.Count);
        return activity;
    }

    public static void Written(IReadOnlyList<PendingUnit> units, WriteOutcome[] outcomes, long sent, TimeProvider time)
    {
        if (Commit.Enabled)
            Commit.Record(time.GetElapsedTime(sent).TotalSeconds);
        BatchUnits.Record(units.Count);
        for (var i = 0; i < units.Count; i++)
        {
            if (outcomes[i].Outcome is AppendOutcome.Appended && units[i].Unit.Messages.Count > 0)
                OutboxTelemetry.Stored(units[i].Unit.Messages);
        }

        if (!Units.Enabled && !QueueWait.Enabled)
            return;
        for (var i = 0; i < units.Count; i++)
        {
            QueueWait.Record(time.GetElapsedTime(units[i].EnqueuedAt, sent).TotalSeconds);
            Units.Add(1, new KeyValuePair<string, object?>("outcome", Outcome(outcomes[i])));
            if (outcomes[i].Outcome is AppendOutcome.Appended)
                EventsWritten.Add(units[i].Encoded.Events.Length);
        }
    }

    public static void Advanced(RecordedEvent last, int events, TimeProvider time)
    {
        HighWater.Record(last.Position);
        if (TailLag.Enabled && events > 0)
            TailLag.Record(Math.Max(0, (time.GetUtcNow() - last.Timestamp).TotalSeconds));
    }

    private static string Outcome(WriteOutcome outcome) => outcome switch
    {
        { Error: not null } => "failed",
        { Outcome: AppendOutcome.Appended } => "appended",
        { Outcome: AppendOutcome.VersionConflict } => "conflict",
        { Outcome: AppendOutcome.StreamArchived } => "archived",
        { Outcome: AppendOutcome.IdempotencyKeyReused } => "key_reused",
        _ => "replayed",
    };
}
