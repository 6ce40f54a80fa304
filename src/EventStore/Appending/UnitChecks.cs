using System.Text;

namespace Events.EventStore.Appending;

/// <summary>
/// Everything that PostgreSQL would reject, found before it is sent: one bad unit must not fail the others of its batch.
/// </summary>
internal static class UnitChecks
{
    /// <summary>Begins the keys that the appender gives to units which leave no other trace; callers' keys cannot begin so.</summary>
    public const char OwnKeyPrefix = '\u0001';

    /// <exception cref="InvalidUnitException">It cannot be stored.</exception>
    public static void Require(UnitOfWork unit)
    {
        if (unit.Streams.Count > UnitLimits.Streams)
            throw new InvalidUnitException("too_many_streams", $"A unit of work has at most {UnitLimits.Streams} streams; this one has {unit.Streams.Count}.");
        if (unit.Messages.Count > UnitLimits.Messages)
            throw new InvalidUnitException("too_many_messages", $"A unit of work has at most {UnitLimits.Messages} messages; this one has {unit.Messages.Count}.");
        RequireStorable(unit.Tenant.Value, "The tenant");
        RequireStreams(unit.Streams);
        RequireMetadata(unit.Metadata);
        foreach (var message in unit.Messages)
            RequireMessage(unit, message);
        if (unit.Idempotency is { } idempotency)
            RequireIdempotency(idempotency);
        if (unit.Streams.Count == 0 && unit.Messages.Count == 0 && unit.Idempotency is null)
            throw new InvalidUnitException("empty_unit", "A unit of work has events, messages or an idempotency record.");
    }

    /// <exception cref="InvalidUnitException">Too many.</exception>
    public static int CountEvents(UnitOfWork unit)
    {
        var count = 0;
        foreach (var stream in unit.Streams)
            count += stream.Events.Count;
        return count <= UnitLimits.Events
            ? count
            : throw new InvalidUnitException("too_many_events", $"A unit of work has at most {UnitLimits.Events} events; this one has {count}.");
    }

    public static void RequireEvent(EventType type, byte[] data)
    {
        if (data.Length > UnitLimits.EventBytes)
            throw new InvalidUnitException("event_too_large", $"An event has at most {UnitLimits.EventBytes} bytes; this {type.Alias} has {data.Length}.");
        if (!JsonBytes.IsStorable(data))
            throw new InvalidUnitException("invalid_text", $"A {type.Alias} holds a NUL or half a surrogate pair, which cannot be stored.");
    }

    private static void RequireStreams(IReadOnlyList<StreamAppend> streams)
    {
        for (var i = 0; i < streams.Count; i++)
        {
            var stream = streams[i];
            if (stream.StreamId == Guid.Empty)
                throw new InvalidUnitException("invalid_stream", "A stream's id is not the empty UUID.");
            // One that is only rested on. It stands behind the unit's own, so that the unit's events are found by its last one.
            if (stream.Events.Count == 0 && (stream.Expected.Value < 1 || i == 0))
                throw new InvalidUnitException("empty_stream_append", $"Nothing to append to stream {stream.StreamId}.");
            if (stream.Expected.Value < -1)
                throw new InvalidUnitException("invalid_version", $"A stream is never at version {stream.Expected.Value}.");
            RequireName(stream.StreamType, "A stream type");
            for (var j = 0; j < i; j++)
            {
                if (streams[j].StreamId == stream.StreamId)
                    throw new InvalidUnitException("stream_twice", $"Stream {stream.StreamId} appears twice in one unit of work.");
            }
        }
    }

    /// <exception cref="InvalidUnitException">It cannot be stored.</exception>
    public static void RequireMetadata(EventMetadata metadata)
    {
        RequireName(metadata.Actor, "An actor");
        RequireName(metadata.CorrelationId, "A correlation id");
        RequireName(metadata.CausationId, "A causation id");
        RequireName(metadata.TraceParent, "A traceparent");
        if (metadata.Headers is null)
            return;
        foreach (var (name, value) in metadata.Headers)
        {
            if (name.Length == 0)
                throw new InvalidUnitException("invalid_header", "A header has a name.");
            RequireName(name, "A header's name");
            if (value is null)
                throw new InvalidUnitException("invalid_header", $"The header {name} has no value.");
            RequireStorable(value, "A header");
        }
    }

    private static void RequireMessage(UnitOfWork unit, Platform.Outbox.OutboxMessage message)
    {
        if (message.Tenant != unit.Tenant)
            throw new InvalidUnitException("wrong_tenant", $"A unit of {unit.Tenant} cannot send a message of {message.Tenant}.");
        if (message.Body.Length > UnitLimits.MessageBytes)
            throw new InvalidUnitException("message_too_large", $"A message has at most {UnitLimits.MessageBytes} bytes; this {message.Type} has {message.Body.Length}.");
        if (!JsonBytes.IsStorable(message.Body.Span))
            throw new InvalidUnitException("invalid_text", $"A {message.Type} message holds a NUL or half a surrogate pair, which cannot be stored.");
        RequireName(message.Type, "A message type");
        RequireName(message.Queue, "A queue");
        RequireName(message.OrderKey, "An order key");
        RequireName(message.UniqueKey, "A unique key");
        RequireName(message.TraceParent, "A traceparent");
        RequireName(message.CorrelationId, "A correlation id");
    }

    private static void RequireIdempotency(IdempotencyRecord record)
    {
        if (record.Key.Length == 0 || record.Key[0] == OwnKeyPrefix)
            throw new InvalidUnitException("invalid_key", "An idempotency key is printable text.");
        RequireName(record.Key, "An idempotency key");
        RequireStorable(record.Answer.Location, "A location");
        RequireStorable(record.Answer.ETag, "An entity tag");
        if (record.RequestHash.Length is 0 or > 64)
            throw new InvalidUnitException("invalid_hash", "A request hash has 1 to 64 bytes.");
        if (record.Answer.Body.Length > UnitLimits.AnswerBytes)
            throw new InvalidUnitException("answer_too_large", $"A stored answer has at most {UnitLimits.AnswerBytes} bytes; this one has {record.Answer.Body.Length}.");
    }

    private static void RequireName(string? text, string what)
    {
        if (text is null)
            return;
        if (text.Length > UnitLimits.NameLength)
            throw new InvalidUnitException("text_too_long", $"{what} has at most {UnitLimits.NameLength} characters; this one has {text.Length}.");
        RequireStorable(text, what);
    }

    private static void RequireStorable(string? text, string what)
    {
        if (text is null)
            return;
        if (text.Contains('\0'))
            throw new InvalidUnitException("invalid_text", $"{what} holds a NUL, which cannot be stored.");
        var rest = text.AsSpan();
        while (rest.IndexOfAnyInRange('\uD800', '\uDFFF') is var at and >= 0)
        {
            if (Rune.DecodeFromUtf16(rest[at..], out _, out var used) != System.Buffers.OperationStatus.Done)
                throw new InvalidUnitException("invalid_text", $"{what} holds half a surrogate pair, which cannot be stored.");
            rest = rest[(at + used)..];
        }
    }
}
