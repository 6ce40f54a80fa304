namespace Events.EventStore;

/// <summary>
/// What became of a unit of work. Refusals are values; an exception means that the store could not be reached, that its queue
/// is full (<see cref="EventStoreBusyException"/>), or a bug.
/// </summary>
public abstract record AppendOutcome
{
    /// <param name="Position">Of the unit's last event; 0 when the unit had no events.</param>
    /// <param name="Versions">New version of each stream, in the order of <see cref="UnitOfWork.Streams"/>.</param>
    /// <param name="Timestamp">Of the unit's events, UTC.</param>
    public sealed record Appended(long Position, IReadOnlyList<long> Versions, DateTimeOffset Timestamp) : AppendOutcome;

    /// <param name="Actual">0 when the stream does not exist.</param>
    public sealed record VersionConflict(Guid StreamId, long Expected, long Actual) : AppendOutcome;

    public sealed record StreamArchived(Guid StreamId) : AppendOutcome;

    /// <summary>The key was used for this same request before; nothing was written.</summary>
    /// <param name="Position">Of the last event that the first request wrote.</param>
    public sealed record Replayed(StoredAnswer Answer, long Position) : AppendOutcome;

    /// <summary>The key was used for another request; nothing was written.</summary>
    public sealed record IdempotencyKeyReused(string Key) : AppendOutcome;
}

/// <summary>The append queue is full: try again after <see cref="RetryAfter"/>.</summary>
public sealed class EventStoreBusyException(TimeSpan retryAfter) : Exception("The event store's queue is full.")
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>Nothing was written, and nothing of it will be: safe to try again.</summary>
public sealed class EventStoreUnavailableException(string message, Exception? inner) : Exception(message, inner);

/// <summary>
/// The connection was lost while the unit was written, and the database could not be asked in time what happened. Repeat it
/// with the same idempotency key or expected version.
/// </summary>
public sealed class UnknownOutcomeException(Exception inner) : Exception("Whether the unit was written could not be found out in time.", inner);
