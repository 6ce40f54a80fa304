using System.Diagnostics.CodeAnalysis;

namespace Events.EventStore.Tailing;

/// <summary>The latest events, for every subscriber of the process; what no longer fits is forgotten, whoever still needed it.</summary>
internal sealed class EventBuffer(int mostEvents, long mostBytes)
{
    private const int MostTenants = 10_000;

    private readonly Lock access = new();
    private readonly RecordedEvent?[] ring = new RecordedEvent?[mostEvents];
    private int first;
    private int count;
    private TaskCompletionSource changed = New();
    private long bytes;
    private long floor = -1;
    private long high;

    public long HighWater => Volatile.Read(ref high);

    public TenantPositions Tenants { get; } = new(MostTenants);

    /// <summary>Ends with the next advance; take it before reading <see cref="HighWater"/>.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Everything up to here is complete; the buffer begins after it.</summary>
    public void Start(long position)
    {
        Tenants.Start(position);
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
        Tenants.Pass(next);
        lock (access)
        {
            foreach (var recorded in next)
            {
                if (count == ring.Length)
                    Forget();
                ring[Slot(count++)] = recorded;
                bytes += recorded.Data.Length;
            }

            while (bytes > mostBytes && count > 1)
                Forget();

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
            var from = FirstAfter(after);
            var taken = new RecordedEvent[Math.Min(limit, count - from)];
            for (var i = 0; i < taken.Length; i++)
                taken[i] = ring[Slot(from + i)]!;
            page = new EventPage(taken, taken.Length == limit ? taken[^1].Position : high, high);
            return true;
        }
    }

    private int Slot(int n) => (first + n) % ring.Length;

    private void Forget()
    {
        var forgotten = ring[first]!;
        ring[first] = null;
        first = Slot(1);
        count--;
        bytes -= forgotten.Data.Length;
        floor = forgotten.Position;
    }

    // Every subscriber looks for every page, and nearly always near the end of thousands.
    private int FirstAfter(long position)
    {
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ring[Slot(middle)]!.Position > position)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
