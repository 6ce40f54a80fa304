using Events.Platform.Outbox;
using Events.Platform.Tenancy;

namespace Events.EventStore;

/// <summary>Everything that one command writes; it is accepted or refused as a whole.</summary>
/// <param name="Streams">Up to <see cref="MaxStreams"/>; each stream at most once. May be empty when only messages or an idempotency record are stored.</param>
public sealed record UnitOfWork(TenantId Tenant, IReadOnlyList<StreamAppend> Streams)
{
    public const int MaxStreams = 64;

    public EventMetadata Metadata { get; init; } = EventMetadata.None;

    public IReadOnlyList<OutboxMessage> Messages { get; init; } = [];

    public IdempotencyRecord? Idempotency { get; init; }
}

/// <param name="StreamType">Marten's alias of the aggregate, e.g. <c>task_state</c>; stored when the stream starts.</param>
/// <param name="Events">Instances of types that are registered in <see cref="EventTypes"/>, <see cref="RestoredEvent"/> or <see cref="DescribedEvent"/>. None: nothing is written to the stream, the unit only rests on its being at an exact version; such streams follow those that are written to.</param>
public sealed record StreamAppend(Guid StreamId, string? StreamType, ExpectedVersion Expected, IReadOnlyList<object> Events);

/// <summary>An event with metadata of its own instead of its unit's: one unit can tell what several people did at several times.</summary>
/// <param name="Event">Instance of a type that is registered in <see cref="EventTypes"/>, or a <see cref="RestoredEvent"/>.</param>
public sealed record DescribedEvent(object Event, EventMetadata Metadata);

/// <summary>An event as a backup holds it: its alias must be registered, its data is written as it is.</summary>
/// <param name="Data">JSON, UTF-8.</param>
public sealed record RestoredEvent(string Type, ReadOnlyMemory<byte> Data);

/// <summary>What the writer believes of a stream: it does not exist, it is at version n, or no belief.</summary>
public readonly record struct ExpectedVersion(long Value)
{
    public static ExpectedVersion Any { get; } = new(-1);

    public static ExpectedVersion NoStream { get; } = new(0);

    public static ExpectedVersion Exactly(long version) => new(version);
}

/// <summary>Stored with every event of the unit: correlation and causation in Marten's columns, the rest in <c>headers</c>.</summary>
/// <param name="Actor">Who did it: a user's, token's or job's id; <c>headers.actor</c>.</param>
/// <param name="TraceParent">W3C trace context; <c>headers.traceparent</c>.</param>
/// <param name="Headers">Further headers, e.g. the original author and time of an imported row.</param>
public sealed record EventMetadata(
    string? Actor,
    string? CorrelationId,
    string? CausationId,
    string? TraceParent,
    IReadOnlyDictionary<string, string>? Headers = null)
{
    public static EventMetadata None { get; } = new(null, null, null, null);

    /// <summary>Header of an event that an import tells of: when it happened in the source, RFC 3339.</summary>
    public const string OccurredAtHeader = "occurred-at";

    /// <summary>Header of an event that was restored from a backup: when it was first recorded, RFC 3339.</summary>
    public const string RecordedAtHeader = "recorded-at";
}

/// <summary>The answer to keep under a caller's <c>Idempotency-Key</c>, stored with the events.</summary>
/// <param name="Key">Unique in the tenant for as long as it is kept (24 h).</param>
/// <param name="RequestHash">SHA-256 of method, path and body: the same key with another hash is refused.</param>
/// <param name="Answer">What is replayed. The events' positions are not known yet: replay takes them from the record's own columns.</param>
public sealed record IdempotencyRecord(string Key, ReadOnlyMemory<byte> RequestHash, StoredAnswer Answer);

/// <param name="Body">UTF-8 JSON, empty when the answer has none.</param>
public sealed record StoredAnswer(int Status, string? Location, string? ETag, ReadOnlyMemory<byte> Body);
