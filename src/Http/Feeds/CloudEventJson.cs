using System.Text.Json;
using Events.EventStore;

namespace Events.Http.Feeds;

/// <summary>An event as CloudEvents 1.0 says it in JSON.</summary>
public static class CloudEventJson
{
    public const string BatchType = "application/cloudevents-batch+json";
    public const string LinesType = "application/x-ndjson";

    public const string Example =
        """{"specversion":"1.0","id":"4711","source":"/workspaces/01938f5e-0000-7000-8000-000000000001","type":"task_status_changed","subject":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","time":"2026-11-21T09:31:00.123456Z","datacontenttype":"application/json","sequence":"0000000000000004711","streamversion":2,"actor":"01938f5e-0000-7000-8000-0000000000aa","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","data":{"from":"todo","to":"in_progress"}}""";

    public static void Write(Utf8JsonWriter json, RecordedEvent recorded)
    {
        json.WriteStartObject();
        json.WriteString("specversion"u8, "1.0"u8);
        json.WriteString("id"u8, recorded.Position.ToString());
        json.WriteString("source"u8, $"/workspaces/{recorded.Tenant}");
        json.WriteString("type"u8, recorded.Type);
        json.WriteString("subject"u8, recorded.StreamId);
        json.WriteString("time"u8, recorded.Timestamp.UtcDateTime);
        json.WriteString("datacontenttype"u8, "application/json"u8);
        json.WriteString("sequence"u8, recorded.Position.ToString("D19"));
        json.WriteNumber("streamversion"u8, recorded.Version);
        if (recorded.Metadata.Actor is { } actor)
            json.WriteString("actor"u8, actor);
        if (recorded.Metadata.TraceParent is { } trace)
            json.WriteString("traceparent"u8, trace);
        json.WritePropertyName("data"u8);
        json.WriteRawValue(recorded.Data.Span, skipInputValidation: true);
        json.WriteEndObject();
    }
}
