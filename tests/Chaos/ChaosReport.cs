namespace Events.Chaos;

/// <summary>What a run under faults left behind; everything but <see cref="Acknowledged"/> and <see cref="Faults"/> must be zero.</summary>
/// <param name="Acknowledged">Units that the caller was told were written.</param>
/// <param name="Lost">Acknowledged but not there afterwards.</param>
/// <param name="Duplicated">There more than once.</param>
/// <param name="OutOfOrder">Seen by a reader at or below a position that it had passed, or with a hole in a stream's versions.</param>
/// <param name="Stale">Stuck past a lease, or a read model that differs from the events.</param>
/// <param name="Faults">How many faults were injected.</param>
public sealed record ChaosReport(long Acknowledged, long Lost, long Duplicated, long OutOfOrder, long Stale, long Faults)
{
    public bool IsClean => Lost == 0 && Duplicated == 0 && OutOfOrder == 0 && Stale == 0;
}
