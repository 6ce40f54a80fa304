namespace Events.EventStore;

/// <summary>What a unit of work may be; the write side checks its own fields long before, so that callers get a pointer.</summary>
public static class UnitLimits
{
    public const int Streams = UnitOfWork.MaxStreams;

    public const int Events = 1_000;

    public const int Messages = 1_000;

    /// <summary>JSON of one event, in bytes.</summary>
    public const int EventBytes = 256 << 10;

    /// <summary>JSON of the headers of a unit's events, in bytes.</summary>
    public const int HeaderBytes = 8 << 10;

    /// <summary>JSON of all events and messages of a unit, in bytes.</summary>
    public const int UnitBytes = 4 << 20;

    /// <summary>Body of one message, in bytes.</summary>
    public const int MessageBytes = 256 << 10;

    /// <summary>Body kept under an idempotency key, in bytes.</summary>
    public const int AnswerBytes = 256 << 10;

    /// <summary>Characters of an idempotency key, of a correlation or causation id, and of other names.</summary>
    public const int NameLength = 255;
}

/// <summary>A unit of work that cannot be stored whatever the state of its streams; nothing was sent.</summary>
/// <param name="Code">Stable, e.g. <c>event_too_large</c>, <c>nul_in_text</c>.</param>
public sealed class InvalidUnitException(string code, string detail) : Exception(detail)
{
    public string Code { get; } = code;
}
