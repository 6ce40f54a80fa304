using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Events.Messaging.Telemetry;

/// <summary>Names and meanings: docs/metrics.md.</summary>
public static class MessagingTelemetry
{
    public const string Name = "Events.Messaging";

    internal static readonly ActivitySource Activities = new(Name);

    private static readonly Meter Meter = new(Name);

    internal static readonly Counter<long> Enqueued = Meter.CreateCounter<long>("messaging.enqueued", "{message}");
    internal static readonly Counter<long> Started = Meter.CreateCounter<long>("messaging.started", "{message}");
    internal static readonly Counter<long> Succeeded = Meter.CreateCounter<long>("messaging.succeeded", "{message}");
    internal static readonly Counter<long> Retried = Meter.CreateCounter<long>("messaging.retried", "{message}");
    internal static readonly Counter<long> Dead = Meter.CreateCounter<long>("messaging.dead", "{message}");
    internal static readonly Counter<long> TakenOver = Meter.CreateCounter<long>("messaging.taken_over", "{message}");
    internal static readonly Histogram<double> Wait = Meter.CreateHistogram<double>("messaging.wait", "s");
    internal static readonly Histogram<double> Run = Meter.CreateHistogram<double>("messaging.run", "s");
}
