using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Events.Messaging.Telemetry;

/// <summary>Names and meanings: docs/metrics.md.</summary>
public static class MessagingTelemetry
{
    public const string Name = "Events.Messaging";

    internal static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);

    internal static readonly Counter<long> Started = Meter.CreateCounter<long>("events.messaging.started", "{message}");
    internal static readonly Counter<long> Succeeded = Meter.CreateCounter<long>("events.messaging.succeeded", "{message}");
    internal static readonly Counter<long> Retried = Meter.CreateCounter<long>("events.messaging.retried", "{message}");
    internal static readonly Counter<long> Dead = Meter.CreateCounter<long>("events.messaging.dead", "{message}");
    internal static readonly Counter<long> TakenOver = Meter.CreateCounter<long>("events.messaging.taken_over", "{message}");
    internal static readonly Gauge<long> Depth = Meter.CreateGauge<long>("events.messaging.depth", "{message}");
    internal static readonly Gauge<double> OldestAge = Meter.CreateGauge<double>("events.messaging.oldest_age", "s");
    internal static readonly Histogram<double> Wait = Meter.CreateHistogram<double>("events.messaging.wait", "s");
    internal static readonly Histogram<double> Run = Meter.CreateHistogram<double>("events.messaging.run", "s");
}
