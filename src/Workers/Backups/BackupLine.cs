using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Events.EventStore;

namespace Events.Workers.Backups;

/// <summary>One event as a backup holds it: everything but its position and its workspace.</summary>
/// <param name="StreamType">On a stream's first event; null otherwise.</param>
/// <param name="RecordedAt">When it was first recorded, as text: what goes in comes out again.</param>
public sealed record BackupLine(
    Guid StreamId,
    string? StreamType,
    long Version,
    string Type,
    string RecordedAt,
    EventMetadata Metadata,
    ReadOnlyMemory<byte> Data)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static BackupLine From(RecordedEvent recorded, string? streamType)
    {
        var headers = recorded.Metadata.Headers;
        var at = headers?.GetValueOrDefault(EventMetadata.RecordedAtHeader) ?? recorded.Timestamp.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        return new BackupLine(recorded.StreamId, streamType, recorded.Version, recorded.Type, at, recorded.Metadata, recorded.Data);
    }

    /// <summary>What is appended when the event is restored.</summary>
    public DescribedEvent ToEvent()
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { [EventMetadata.RecordedAtHeader] = RecordedAt };
        foreach (var (name, value) in Metadata.Headers ?? new Dictionary<string, string>())
            headers.TryAdd(name, value);
        return new DescribedEvent(new RestoredEvent(Type, Data), Metadata with { Headers = headers });
    }

    /// <summary>One line of JSON without its end; the same event always gives the same bytes.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("stream"u8, StreamId);
        if (StreamType is not null)
            json.WriteString("streamType"u8, StreamType);
        json.WriteNumber("version"u8, Version);
        json.WriteString("type"u8, Type);
        json.WriteString("at"u8, RecordedAt);
        WriteOptional(json, "actor", Metadata.Actor);
        WriteOptional(json, "correlationId", Metadata.CorrelationId);
        WriteOptional(json, "causationId", Metadata.CausationId);
        WriteOptional(json, "traceparent", Metadata.TraceParent);
        var headers = (Metadata.Headers ?? new Dictionary<string, string>()).Where(static h => h.Key != EventMetadata.RecordedAtHeader)
            .OrderBy(static h => h.Key, StringComparer.Ordinal).ToList();
        if (headers.Count > 0)
        {
            json.WriteStartObject("headers"u8);
            foreach (var (name, value) in headers)
                json.WriteString(name, value);
            json.WriteEndObject();
        }
        json.WritePropertyName("data"u8);
        json.WriteRawValue(Data.Span, skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">Not JSON, or not such a line.</exception>
    public static BackupLine Read(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        var root = document.RootElement;
        Dictionary<string, string>? headers = null;
        if (root.TryGetProperty("headers"u8, out var given))
            headers = given.EnumerateObject().ToDictionary(static h => h.Name, static h => h.Value.GetString()!, StringComparer.Ordinal);
        try
        {
            return new BackupLine(
                root.GetProperty("stream"u8).GetGuid(),
                Text(root, "streamType"),
                root.GetProperty("version"u8).GetInt64(),
                root.GetProperty("type"u8).GetString()!,
                root.GetProperty("at"u8).GetString()!,
                new EventMetadata(Text(root, "actor"), Text(root, "correlationId"), Text(root, "causationId"), Text(root, "traceparent"), headers),
                System.Text.Encoding.UTF8.GetBytes(root.GetProperty("data"u8).GetRawText()));
        }
        catch (Exception wrong) when (wrong is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException($"The line is not an event: {wrong.Message}", wrong);
        }
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }
}
