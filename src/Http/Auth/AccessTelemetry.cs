using System.Diagnostics.Metrics;

namespace Events.Http.Auth;

/// <summary>Named in docs/metrics.md.</summary>
internal static class AccessTelemetry
{
    private static readonly Meter Meter = new("Events.Http");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("events.access.refused", "{request}", "Requests that were refused before their endpoint, by code.");
    private static readonly Counter<long> SignIns = Meter.CreateCounter<long>("events.access.sign_ins", "{sign_in}", "Sign-ins by password, by outcome.");

    public static void CountRefusal(string code) => Refused.Add(1, new KeyValuePair<string, object?>("code", code));

    public static void CountSignIn(bool succeeded) => SignIns.Add(1, new KeyValuePair<string, object?>("outcome", succeeded ? "done" : "refused"));
}
