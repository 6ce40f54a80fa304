using Events.EventStore;

namespace Events.Projections.Engine;

/// <summary>An event that a projection cannot fold, and why.</summary>
internal sealed record PoisonEvent(string Projection, int Generation, StreamKey Stream, long Version, long Position, string Type, string Error)
{
    private const int MostErrorText = 2000;

    public static PoisonEvent Of(ProjectionHead head, RecordedEvent recorded, Exception error)
    {
        var text = $"{error.GetType().Name}: {error.Message}".Replace('\0', ' ');
        return new PoisonEvent(
            head.Name,
            head.Generation,
            new StreamKey(recorded.Tenant, recorded.StreamId),
            recorded.Version,
            recorded.Position,
            recorded.Type,
            text.Length > MostErrorText ? text[..MostErrorText] : text);
    }
}
