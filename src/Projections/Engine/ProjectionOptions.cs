namespace Events.Projections.Engine;

/// <summary>Section <c>Events:Projections</c>.</summary>
public sealed record ProjectionOptions
{
    public const string Section = "Events:Projections";

    /// <summary>How long a process owns a projection without renewing; another takes over after it.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How often leases are renewed, and how often a process looks for projections that nobody owns.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How far apart pages are begun while several events come in the time of one; a single event is written as soon as it is there.
    /// What nobody looks at right after a change keeps four times the distance, search seven times; all up to eight times as far while pages take most of the time.
    /// </summary>
    public TimeSpan PageInterval { get; set; } = TimeSpan.FromMilliseconds(8);

    /// <summary>How long a request waits for <c>Events-Min-Position</c>.</summary>
    public TimeSpan WaitForPosition { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Requests that may wait for a position at the same time; one more is told the lag at once.</summary>
    public int Waiters { get; set; } = 10_000;

    /// <summary>Streams of one set of a rebuild: what is in memory at once.</summary>
    public int RebuildStreams { get; set; } = 500_000;

    /// <summary>Events read at once by a rebuild; between two reads it looks at the live lag.</summary>
    public int RebuildChunk { get; set; } = 50_000;

    /// <summary>
    /// Streams of rows that a rebuild reads, folds and indexes at the same time. 0: one a core, at most four; half as many while a
    /// process feeds the live tables, so that reads keep their pace.
    /// </summary>
    public int RebuildLanes { get; set; }

    /// <summary>A rebuild holds its breath while a live projection is further behind than this.</summary>
    public TimeSpan RebuildLag { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A projection that is further behind than this many events is brought up by a rebuild instead of page by page.</summary>
    public long CatchUpEvents { get; set; } = 200_000;

    /// <summary>How often the service proves to itself that its read models are complete.</summary>
    public TimeSpan VerifyEvery { get; set; } = TimeSpan.FromHours(1);

    /// <summary>What is wrong, a sentence each.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Lease < TimeSpan.FromSeconds(1) || Lease > TimeSpan.FromMinutes(10))
            yield return "Events__Projections__Lease takes 1 second to 10 minutes.";
        if (Heartbeat < TimeSpan.FromMilliseconds(50) || Heartbeat > Lease / 2)
            yield return "Events__Projections__Heartbeat takes 50 milliseconds to half of the lease.";
        if (PageInterval < TimeSpan.Zero || PageInterval > TimeSpan.FromSeconds(1))
            yield return "Events__Projections__PageInterval takes 0 to 1 second.";
        if (WaitForPosition < TimeSpan.Zero || WaitForPosition > TimeSpan.FromMinutes(1))
            yield return "Events__Projections__WaitForPosition takes 0 to 1 minute.";
        if (Waiters is < 1 or > 1_000_000)
            yield return "Events__Projections__Waiters takes 1 to 1000000.";
        if (RebuildStreams is < 1 or > 100_000_000)
            yield return "Events__Projections__RebuildStreams takes 1 to 100000000.";
        if (RebuildChunk is < 1 or > 10_000_000)
            yield return "Events__Projections__RebuildChunk takes 1 to 10000000.";
        if (RebuildLanes is < 0 or > 64)
            yield return "Events__Projections__RebuildLanes takes 0 to 64.";
        if (RebuildLag < TimeSpan.FromMilliseconds(1) || RebuildLag > TimeSpan.FromHours(1))
            yield return "Events__Projections__RebuildLag takes 1 millisecond to 1 hour.";
        if (VerifyEvery < TimeSpan.FromSeconds(1) || VerifyEvery > TimeSpan.FromDays(7))
            yield return "Events__Projections__VerifyEvery takes 1 second to 7 days.";
        if (CatchUpEvents < 1)
            yield return "Events__Projections__CatchUpEvents takes at least 1.";
    }
}
