namespace Events.EventStore;

/// <summary>Section <c>Events:EventStore</c>.</summary>
public sealed record EventStoreOptions
{
    public const string Section = "Events:EventStore";

    /// <summary>Units that may wait for their batch; one more is answered "busy".</summary>
    public int Queued { get; set; } = 10_000;

    /// <summary>Units in one batch.</summary>
    public int BatchUnits { get; set; } = 512;

    /// <summary>Payload bytes in one batch.</summary>
    public int BatchBytes { get; set; } = 4 << 20;

    /// <summary>
    /// Batches under way at a time, each on a connection of its own. They take turns in the database all the same; with two, one is
    /// built and sent while the other is written. With one, units are decided strictly in the order in which they were asked for.
    /// </summary>
    public int Lanes { get; set; } = 1;

    /// <summary>How long an answer is kept under its Idempotency-Key.</summary>
    public TimeSpan IdempotencyKept { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Seconds until a batch is given up by the client; its outcome is then found out before anybody is answered.</summary>
    public int CommandTimeout { get; set; } = 30;

    /// <summary>How long a batch waits for a database that cannot be reached before its units fail.</summary>
    public TimeSpan ReconnectFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the appender tries to find out what became of a batch whose connection was lost.</summary>
    public TimeSpan SettleFor { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Aggregate states kept in memory, per aggregate type.</summary>
    public int CachedStates { get; set; } = 50_000;

    /// <summary>Bytes of the aggregate states kept in memory, per aggregate type, roughly.</summary>
    public long CachedBytes { get; set; } = 64 << 20;

    /// <summary>Events that the live tail keeps in memory for its subscribers.</summary>
    public int TailEvents { get; set; } = 2_048;

    /// <summary>Payload bytes that the live tail keeps in memory for its subscribers.</summary>
    public long TailBytes { get; set; } = 8 << 20;

    /// <summary>Events in one page.</summary>
    public int PageEvents { get; set; } = 1_000;

    /// <summary>How often the tail looks without having been woken.</summary>
    public TimeSpan TailPolling { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a hole in the positions stays open at least: a foreign writer may draw a position before its transaction
    /// begins (Marten's Rich mode), where nobody can see it.
    /// </summary>
    public TimeSpan GapGrace { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the ledger waits between its transactions; the proof trails the events by as much.</summary>
    public TimeSpan LedgerPause { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often expired idempotency records are taken away.</summary>
    public TimeSpan PurgePause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>What is wrong, a sentence each.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Queued is < 1 or > 1_000_000)
            yield return "Events__EventStore__Queued takes 1 to 1000000 units.";
        if (BatchUnits is < 1 or > 10_000)
            yield return "Events__EventStore__BatchUnits takes 1 to 10000 units.";
        if (BatchBytes is < 1024 or > 64 << 20)
            yield return "Events__EventStore__BatchBytes takes 1024 bytes to 64 MiB.";
        if (Lanes is < 1 or > 8)
            yield return "Events__EventStore__Lanes takes 1 to 8.";
        if (IdempotencyKept < TimeSpan.FromMinutes(1) || IdempotencyKept > TimeSpan.FromDays(30))
            yield return "Events__EventStore__IdempotencyKept takes 1 minute to 30 days.";
        if (CommandTimeout is < 1 or > 600)
            yield return "Events__EventStore__CommandTimeout takes 1 to 600 seconds.";
        if (ReconnectFor < TimeSpan.Zero || ReconnectFor > TimeSpan.FromMinutes(10))
            yield return "Events__EventStore__ReconnectFor takes 0 to 10 minutes.";
        if (SettleFor < TimeSpan.Zero || SettleFor > TimeSpan.FromMinutes(10))
            yield return "Events__EventStore__SettleFor takes 0 to 10 minutes.";
        if (CachedStates is < 0 or > 10_000_000)
            yield return "Events__EventStore__CachedStates takes 0 to 10000000.";
        if (CachedBytes is < 0 or > 1L << 40)
            yield return "Events__EventStore__CachedBytes takes 0 bytes to 1 TiB.";
        if (TailEvents is < 1 or > 1_000_000)
            yield return "Events__EventStore__TailEvents takes 1 to 1000000.";
        if (TailBytes is < 1024 or > 4L << 30)
            yield return "Events__EventStore__TailBytes takes 1024 bytes to 4 GiB.";
        if (PageEvents is < 1 or > 10_000)
            yield return "Events__EventStore__PageEvents takes 1 to 10000.";
        if (TailPolling < TimeSpan.FromMilliseconds(10) || TailPolling > TimeSpan.FromMinutes(1))
            yield return "Events__EventStore__TailPolling takes 10 milliseconds to 1 minute.";
        if (GapGrace < TimeSpan.Zero || GapGrace > TimeSpan.FromMinutes(10))
            yield return "Events__EventStore__GapGrace takes 0 to 10 minutes.";
        if (LedgerPause < TimeSpan.FromMilliseconds(10) || LedgerPause > TimeSpan.FromHours(1))
            yield return "Events__EventStore__LedgerPause takes 10 milliseconds to 1 hour.";
        if (PurgePause < TimeSpan.FromSeconds(1) || PurgePause > TimeSpan.FromDays(1))
            yield return "Events__EventStore__PurgePause takes 1 second to 1 day.";
    }
}
