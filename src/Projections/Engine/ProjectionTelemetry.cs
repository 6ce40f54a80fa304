using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Events.Projections.Engine;

/// <summary>Names are documented in docs/metrics.md.</summary>
internal static class ProjectionTelemetry
{
    public const string Name = "Events.Projections";

    public static readonly ActivitySource Source = new(Name);
    public static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Folded = Meter.CreateCounter<long>("events.projections.folded", "{event}", "Events that a projection has folded");
    private static readonly Histogram<double> PageTime = Meter.CreateHistogram<double>("events.projections.page.duration", "s", "From a page's arrival to its commit");
    private static readonly Histogram<double> Visible = Meter.CreateHistogram<double>("events.projections.visible", "s", "From an event's commit to its rows' commit, by the server's clock and ours");
    private static readonly Histogram<double> WaitTime = Meter.CreateHistogram<double>("events.projections.wait.duration", "s", "How long a query waited for a position");
    private static readonly Counter<long> Parked = Meter.CreateCounter<long>("events.projections.parked", "{stream}", "Streams that were parked");
    private static readonly Gauge<long> Incomplete = Meter.CreateGauge<long>("events.projections.incomplete", "{tenant}", "Tenants for which a projection lacks events, as last verified; anything but 0 is a loss");
    private static readonly Gauge<long> Altered = Meter.CreateGauge<long>("events.projections.store.altered", "{tenant}", "Tenants whose events are not as the store recorded them, as last verified with the store; anything but 0 is a loss");
    private static readonly Counter<long> TakeOvers = Meter.CreateCounter<long>("events.projections.takeovers", "{lease}", "Projections that this process began to feed");

    public static void Page(IReadOnlyList<PageTarget> targets, int events, TimeSpan took, TimeSpan visibleAfter)
    {
        foreach (var target in targets)
            Folded.Add(events, new KeyValuePair<string, object?>("projection", target.Head.Name));
        PageTime.Record(took.TotalSeconds);
        if (events > 0)
            Visible.Record(visibleAfter.TotalSeconds);
    }

    public static void Waited(string projection, TimeSpan took, bool reached) => WaitTime.Record(
        took.TotalSeconds,
        new KeyValuePair<string, object?>("projection", projection),
        new KeyValuePair<string, object?>("reached", reached));

    public static void Park(string projection, int streams) => Parked.Add(streams, new KeyValuePair<string, object?>("projection", projection));

    public static void Verified(int altered) => Altered.Record(altered);

    public static void Verified(string projection, int incomplete) => Incomplete.Record(incomplete, new KeyValuePair<string, object?>("projection", projection));

    public static void TakeOver(int projections) => TakeOvers.Add(projections);
}
