namespace Events.EventStore;

/// <summary>
/// Stands as <see cref="RecordedEvent.Body"/> where the data on disk is not of the shape that its alias promises. Readers go on
/// past it; whoever folds decides what it means, and must not take it for an event that does not concern him.
/// </summary>
public sealed record UnreadableEvent(string Reason);

/// <summary>A decision needs an event that this build cannot read: <see cref="UnreadableEvent"/>, or an unknown alias.</summary>
public sealed class UnreadableEventException(RecordedEvent recorded)
    : Exception(recorded.Body is UnreadableEvent unreadable
        ? $"The {recorded.Type} at position {recorded.Position} cannot be read: {unreadable.Reason}"
        : $"The event at position {recorded.Position} has the type {recorded.Type}, which this build does not know.")
{
    public RecordedEvent Recorded { get; } = recorded;
}
