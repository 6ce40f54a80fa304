using System.Text.Json;

namespace Events.EventStore.Appending;

/// <summary>An event as it goes to the database.</summary>
/// <param name="Own">Metadata in place of the unit's; null: the unit's.</param>
internal readonly record struct EncodedEvent(Guid Id, EventType Type, byte[] Data, EventMetadata? Own, byte[]? Headers);

/// <summary>A unit of work that was checked and serialised on its caller's thread.</summary>
/// <param name="Events">Of all streams, in the order of <see cref="UnitOfWork.Streams"/>.</param>
internal sealed record EncodedUnit(UnitOfWork Unit, EncodedEvent[] Events, byte[]? Headers, int Size)
{
    /// <exception cref="InvalidUnitException">It cannot be stored.</exception>
    public static EncodedUnit From(UnitOfWork unit, EventTypes types)
    {
        UnitChecks.Require(unit);
        var events = new EncodedEvent[UnitChecks.CountEvents(unit)];
        var headers = HeaderJson.Encode(unit.Metadata);
        var size = 0;
        var next = 0;
        foreach (var stream in unit.Streams)
        {
            foreach (var body in stream.Events)
            {
                var encoded = Encode(body, headers, types);
                events[next++] = encoded;
                size += encoded.Data.Length + (encoded.Headers?.Length ?? 0);
            }
        }

        foreach (var message in unit.Messages)
            size += message.Body.Length;
        if (size > UnitLimits.UnitBytes)
            throw new InvalidUnitException("unit_too_large", $"A unit of work has at most {UnitLimits.UnitBytes} bytes; this one has {size}.");
        size += unit.Idempotency?.Answer.Body.Length ?? 0;
        return new EncodedUnit(unit, events, headers, size);
    }

    private static EncodedEvent Encode(object body, byte[]? headers, EventTypes types)
    {
        EventMetadata? own = null;
        if (body is DescribedEvent described)
        {
            UnitChecks.RequireMetadata(described.Metadata);
            own = described.Metadata;
            headers = HeaderJson.Encode(own);
            body = described.Event;
        }

        var (type, data) = body is RestoredEvent restored
            ? (types.ToRestore(restored.Type), restored.Data.ToArray())
            : Written(body, types);
        UnitChecks.RequireEvent(type, data);
        return new EncodedEvent(Guid.CreateVersion7(), type, data, own, headers);
    }

    private static (EventType Type, byte[] Data) Written(object body, EventTypes types)
    {
        var type = types.ToWrite(body.GetType());
        return (type, Serialise(body, type));
    }

    private static byte[] Serialise(object body, EventType type)
    {
        try
        {
            return JsonBytes.Of(body, type.Json);
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new InvalidUnitException("invalid_text", $"A {type.Alias} cannot be written as JSON: {error.Message}");
        }
    }
}
