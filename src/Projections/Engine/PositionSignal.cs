namespace Events.Projections.Engine;

/// <summary>How far one projection is, as far as this process has heard, and who waits for it to get further.</summary>
internal sealed class PositionSignal(int mostWaiters)
{
    private readonly Lock access = new();
    private readonly PriorityQueue<TaskCompletionSource<bool>, long> waiters = new();
    private long position;

    public long Position => Volatile.Read(ref position);

    /// <summary>Ends with true when the position is reached; with false at once when too many wait.</summary>
    public Task<bool> Reach(long wanted)
    {
        lock (access)
        {
            if (position >= wanted)
                return Task.FromResult(true);
            if (waiters.Count >= mostWaiters)
                return Task.FromResult(false);
            // Continuations run elsewhere: the feed that advances goes straight on to its next page.
            var waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters.Enqueue(waiter, wanted);
            return waiter.Task;
        }
    }

    /// <summary>News never takes a position back: it may arrive by two ways, in any order.</summary>
    public void Advance(long reached)
    {
        lock (access)
        {
            if (reached > position)
                Set(reached);
        }
    }

    /// <summary>After a switch, a rollback, or a crash of the server that lost the last pages: the position may be lower again.</summary>
    public void Reset(long to)
    {
        lock (access)
            Set(to);
    }

    /// <summary>
    /// What the database said to somebody who asked after this process had heard of <paramref name="heard"/>. What is heard was
    /// committed, so a lower answer means that it was lost since; unless something newer was heard meanwhile, the answer stands.
    /// </summary>
    public void Correct(long heard, long found)
    {
        lock (access)
        {
            if (found > position || (found < heard && position == heard))
                Set(found);
        }
    }

    private void Set(long reached)
    {
        Volatile.Write(ref position, reached);
        while (waiters.TryPeek(out _, out var wanted) && wanted <= reached)
            waiters.Dequeue().TrySetResult(true);
    }
}
