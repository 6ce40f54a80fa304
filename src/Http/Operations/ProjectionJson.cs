using System.Buffers;
using System.Text.Json;
using Events.Projections.Rebuild;

namespace Events.Http.Operations;

internal static class ProjectionJson
{
    public const string Example =
        """{"projections":[{"projection":"TaskList","version":1,"wantedVersion":1,"generation":2,"position":120044,"lag":0,"owner":"web-1/4711","paused":false,"rolledBack":false,"canRollBack":true,"parked":[],"build":{"generation":2,"state":"switched","eventsDone":120000,"eventsTotal":120000,"eventsPerSecond":361000,"secondsLeft":null,"rowsCompared":30000,"rowsDifferent":0,"throttledMs":0,"error":null},"proof":{"checkedAt":"2026-11-21T09:30:00Z","position":120044,"events":120000,"workspaces":12,"incomplete":[],"altered":[]}}]}""";

    public static byte[] Status(IReadOnlyList<ProjectionStatus> all, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("projections");
        foreach (var one in all)
            Write(json, one, now);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Changed(string projection, bool changed, string? error = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("projection", projection);
        json.WriteBoolean("changed", changed);
        if (error is not null)
            json.WriteString("error", error);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ProjectionStatus one, DateTimeOffset now)
    {
        json.WriteStartObject();
        json.WriteString("projection", one.Projection);
        json.WriteNumber("version", one.Version);
        json.WriteNumber("wantedVersion", one.CodeVersion);
        json.WriteNumber("generation", one.Generation);
        json.WriteNumber("position", one.Position);
        json.WriteNumber("lag", one.Lag);
        json.WriteString("owner", one.Owner);
        json.WriteBoolean("paused", one.PausedAt is not null);
        json.WriteBoolean("rolledBack", one.RolledBack);
        json.WriteBoolean("canRollBack", one.CanRollBack);
        json.WriteStartArray("parked");
        foreach (var stream in one.Parked)
            Write(json, stream);
        json.WriteEndArray();
        if (one.Build is { } build)
            Write(json, build, now);
        else
            json.WriteNull("build");
        if (one.Proof is { } proof)
            Write(json, proof);
        else
            json.WriteNull("proof");
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ProjectionProof proof)
    {
        json.WriteStartObject("proof");
        json.WriteString("checkedAt", proof.CheckedAt.UtcDateTime);
        json.WriteNumber("position", proof.Position);
        json.WriteNumber("events", proof.Events);
        json.WriteNumber("workspaces", proof.Tenants);
        json.WritePropertyName("incomplete");
        json.WriteRawValue(proof.Incomplete);
        json.WritePropertyName("altered");
        json.WriteRawValue(proof.Altered ?? "null");
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ParkedStream stream)
    {
        json.WriteStartObject();
        json.WriteString("workspaceId", stream.Tenant);
        json.WriteString("streamId", stream.StreamId);
        json.WriteNumber("version", stream.Version);
        json.WriteNumber("position", stream.Position);
        json.WriteString("type", stream.EventType);
        json.WriteNumber("waiting", stream.Waiting);
        json.WriteString("error", stream.Error);
        json.WriteString("parkedAt", stream.ParkedAt.UtcDateTime);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ProjectionBuild build, DateTimeOffset now)
    {
        json.WriteStartObject("build");
        json.WriteNumber("generation", build.Generation);
        json.WriteString("state", build.State);
        json.WriteNumber("eventsDone", build.EventsDone);
        json.WriteNumber("eventsTotal", build.EventsTotal);
        json.WriteNumber("eventsPerSecond", Math.Round(build.Rate(now)));
        if (build.Remaining(now) is { } left)
            json.WriteNumber("secondsLeft", Math.Ceiling(left.TotalSeconds));
        else
            json.WriteNull("secondsLeft");
        if (build.RowsCompared is { } compared)
            json.WriteNumber("rowsCompared", compared);
        else
            json.WriteNull("rowsCompared");
        if (build.RowsDifferent is { } different)
            json.WriteNumber("rowsDifferent", different);
        else
            json.WriteNull("rowsDifferent");
        json.WritePropertyName("differences");
        json.WriteRawValue(build.Differences);
        json.WriteNumber("throttledMs", Math.Round(build.Throttled.TotalMilliseconds));
        json.WriteString("error", build.Error);
        json.WriteEndObject();
    }
}
