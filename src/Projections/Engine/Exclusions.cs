namespace Events.Projections.Engine;

/// <summary>What one projection leaves out: streams that wait from a version on, and single events that an operator skipped.</summary>
internal sealed class Exclusions
{
    private readonly Dictionary<StreamKey, long> parked = [];
    private readonly HashSet<(StreamKey, long)> skipped = [];

    public bool IsEmpty => parked.Count == 0 && skipped.Count == 0;

    /// <summary>The event and all later ones of its stream wait.</summary>
    public void Park(StreamKey stream, long version)
    {
        if (!parked.TryGetValue(stream, out var first) || version < first)
            parked[stream] = version;
    }

    public void Skip(StreamKey stream, long version) => skipped.Add((stream, version));

    public bool Excludes(StreamKey stream, long version) =>
        (parked.TryGetValue(stream, out var first) && version >= first) || skipped.Contains((stream, version));

    public Exclusions Copy()
    {
        var copy = new Exclusions();
        foreach (var (stream, version) in parked)
            copy.parked.Add(stream, version);
        copy.skipped.UnionWith(skipped);
        return copy;
    }
}
