namespace Events.Platform.Pacing;

/// <summary>Whether this process is answering people and programs right now. Long work looks here and gives way.</summary>
public sealed class ForegroundLoad(TimeProvider time)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(1);

    // A request in the same moment need not write what the one before it wrote: cores would only pass the line to and fro.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(20);

    private long last = long.MinValue;

    /// <summary>True from a request on, for a second.</summary>
    public bool IsActive => Volatile.Read(ref last) is not long.MinValue and var at && time.GetElapsedTime(at) < Lasts;

    /// <summary>A request has come that somebody waits for.</summary>
    public void Note()
    {
        var now = time.GetTimestamp();
        var before = Volatile.Read(ref last);
        if (before == long.MinValue || time.GetElapsedTime(before, now) >= Moment)
            Volatile.Write(ref last, now);
    }
}
