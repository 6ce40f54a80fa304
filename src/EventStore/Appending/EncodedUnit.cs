
namespace Events.EventStore.Appending;

/// <summary>An event as it goes to the database.</summary>
internal readonly record struct EncodedEvent(Guid Id, EventType Type, byte[] Data);

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
                var type = types.ToWrite(body.GetType());
                var data = JsonBytes.Of(body, type.Json);
                UnitChecks.RequireEvent(type, data);
                events[next++] = new EncodedEvent(Guid.CreateVersion7(), type, data);
                size += data.Length + (headers?.Length ?? 0);
            }
        }

        foreach (var message in unit.Messages)
            size += message.Body.Length;
        if (size > UnitLimits.UnitBytes)
            throw new InvalidUnitException("unit_too_large", $"A unit of work has at most {UnitLimits.UnitBytes} bytes; this one has {size}.");
        size += unit.Idempotency?.Answer.Body.Length ?? 0;
        return new EncodedUnit(unit, events, headers, size);
    }
}
