using System.Diagnostics.CodeAnalysis;

namespace Events.EventStore.Tailing;

/// <summary>The latest events, for every subscriber of the process; what no longer fits is forgotten, whoever still needed it.</summary>
internal sealed class EventBuffer(int mostEvents, long mostBytes)
{
    private readonly Lock access = new();
    private readonly Queue<RecordedEvent> events = new();
    private TaskCompletionSource changed = New();
    private long bytes;
    private long floor = -1;
    private long high;

    public long HighWater => Volatile.Read(ref high);

    /// <summary>Ends with the next advance; take it before reading <see cref="HighWater"/>.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Everything up to here is complete; the buffer begins after it.</summary>
    public void Start(long position)
    {
        lock (access)
        {
            floor = position;
            Volatile.Write(ref high, position);
        }

        Interlocked.Exchange(ref changed, New()).TrySetResult();
    }

    /// <summary>The next events, complete up to <paramref name="position"/>.</summary>
    public void Advance(IReadOnlyList<RecordedEvent> next, long position)
    {
        lock (access)
        {
            foreach (var recorded in next)
            {
                events.Enqueue(recorded);
                bytes += recorded.Data.Length;
            }

            while (events.Count > mostEvents || (bytes > mostBytes && events.Count > 1))
            {
                var forgotten = events.Dequeue();
                bytes -= forgotten.Data.Length;
                floor = forgotten.Position;
            }

            Volatile.Write(ref high, position);
        }

        Interlocked.Exchange(ref changed, New()).TrySetResult();
    }

    /// <summary>A page after a position; false when the buffer no longer reaches back to it.</summary>
    public bool TryTake(long after, int limit, [NotNullWhen(true)] out EventPage? page)
    {
        lock (access)
        {
            page = null;
            if (floor < 0 || after < floor)
                return false;
            var taken = new List<RecordedEvent>();
            foreach (var recorded in events)
            {
                if (recorded.Position <= after)
                    continue;
                if (taken.Count == limit)
                    break;
                taken.Add(recorded);
            }

            page = new EventPage(taken, taken.Count == limit ? taken[^1].Position : high, high);
            return true;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
