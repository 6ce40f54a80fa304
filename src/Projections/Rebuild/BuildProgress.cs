namespace Events.Projections.Rebuild;

/// <summary>Written by the work, read by the heartbeat.</summary>
internal sealed class BuildProgress(long eventsDone)
{
    private long done = eventsDone;
    private long throttledTicks;

    public long EventsDone
    {
        get => Volatile.Read(ref done);
        set => Volatile.Write(ref done, value);
    }

    public TimeSpan Throttled => TimeSpan.FromTicks(Volatile.Read(ref throttledTicks));

    /// <summary>From any lane.</summary>
    public void Add(long events) => Interlocked.Add(ref done, events);

    /// <summary>The lanes hold their breath at the same time: the longest of them counts.</summary>
    public void Throttle(TimeSpan waited)
    {
        for (var known = Volatile.Read(ref throttledTicks); known < waited.Ticks;)
        {
            var was = Interlocked.CompareExchange(ref throttledTicks, waited.Ticks, known);
            if (was == known)
                return;
            known = was;
        }
    }
}
