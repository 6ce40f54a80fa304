namespace Events.Platform.Telemetry;

/// <summary>The sources and meters that leave the process; docs/metrics.md describes ours.</summary>
public static class TelemetryNames
{
    public const string EventStore = "Events.EventStore";
    public const string Messaging = "Events.Messaging";
    public const string Projections = "Events.Projections";
    public const string Http = "Events.Http";
    public const string Workers = "Events.Workers";

    internal static readonly string[] Sources = [EventStore, Messaging, Projections, Http, Workers, "Npgsql", "Microsoft.AspNetCore", "System.Net.Http"];

    internal static readonly string[] Meters =
    [
        EventStore, Messaging, Projections, Http, Workers, "Npgsql",
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime",
    ];
}
