using Events.EventStore;

namespace Events.Commands.Handling;

/// <summary>Nothing is decided on a history of which a part cannot be read: what it says might be what forbids it.</summary>
public static class UnreadableHistory
{
    public const string Code = "unreadable_event";

    /// <summary>A sentence that names the event by its type, position, stream and version, and says nothing of what it holds.</summary>
    public static string Tell(UnreadableEventException found) =>
        $"The {found.Recorded.Type} at position {found.Recorded.Position} (version {found.Recorded.Version} of {found.Recorded.StreamId}) cannot be read, and nothing is decided without it.";
}
