using System.Text.Json;

namespace Events.EventStore.Appending;

/// <summary>The <c>headers</c> column: the actor, the trace, and what the caller adds.</summary>
internal static class HeaderJson
{
    private const string Actor = "actor";
    private const string TraceParent = "traceparent";

    public static byte[]? Encode(EventMetadata metadata)
    {
        if (metadata.Actor is null && metadata.TraceParent is null && metadata.Headers is not { Count: > 0 })
            return null;
        var writer = JsonBytes.Rent();
        try
        {
            writer.WriteStartObject();
            if (metadata.Actor is not null)
                writer.WriteString("actor"u8, metadata.Actor);
            if (metadata.TraceParent is not null)
                writer.WriteString("traceparent"u8, metadata.TraceParent);
            foreach (var (name, value) in metadata.Headers ?? EmptyHeaders)
            {
                if (name is Actor or TraceParent)
                    throw new InvalidUnitException("invalid_header", $"The header {name} has its own field in EventMetadata.");
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
            var json = JsonBytes.Written();
            return json.Length <= UnitLimits.HeaderBytes
                ? json
                : throw new InvalidUnitException("headers_too_large", $"The headers have at most {UnitLimits.HeaderBytes} bytes; these have {json.Length}.");
        }
        finally
        {
            JsonBytes.Return();
        }
    }

    /// <summary>Headers of any writer: what is not a string (Marten allows it) is kept as its JSON text.</summary>
    public static EventMetadata Decode(ReadOnlySpan<byte> json, string? correlationId, string? causationId)
    {
        string? actor = null;
        string? traceParent = null;
        Dictionary<string, string>? others = null;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return new EventMetadata(null, correlationId, causationId, null);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("actor"u8))
            {
                actor = Value(ref reader, json);
            }
            else if (reader.ValueTextEquals("traceparent"u8))
            {
                traceParent = Value(ref reader, json);
            }
            else
            {
                var name = reader.GetString()!;
                if (Value(ref reader, json) is { } value)
                    (others ??= new Dictionary<string, string>(StringComparer.Ordinal))[name] = value;
            }
        }

        return new EventMetadata(actor, correlationId, causationId, traceParent, others);
    }

    private static string? Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetString();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return System.Text.Encoding.UTF8.GetString(json[start..(int)reader.BytesConsumed]);
    }

    private static readonly Dictionary<string, string> EmptyHeaders = [];
}
