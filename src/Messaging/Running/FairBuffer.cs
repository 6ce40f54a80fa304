using System.Collections.Concurrent;

namespace Events.Messaging.Running;

/// <summary>
/// Claimed messages that wait for a slot of their queue, a line for each tenant. Tenants take turns, so what one tenant has
/// waiting here does not delay another's next message by more than one message. Not thread-safe: its runner locks.
/// </summary>
internal sealed class FairBuffer(int tenantLimit)
{
    private const int Passed = 8;

    private readonly Dictionary<string, Line> lines = new(StringComparer.Ordinal);
    private readonly Queue<Line> turns = new();

    public int Count { get; private set; }

    public void Add(ClaimedMessage message)
    {
        if (!lines.TryGetValue(message.Tenant.Value, out var line))
            lines.Add(message.Tenant.Value, line = new Line(message.Tenant.Value));
        line.Waiting.Enqueue(message);
        Count++;
        TakeTurn(line);
    }

    public bool TryTake(out ClaimedMessage message)
    {
        if (!turns.TryDequeue(out var line))
        {
            message = null!;
            return false;
        }

        message = line.Waiting.Dequeue();
        Count--;
        line.Running++;
        line.HasTurn = false;
        TakeTurn(line);
        return true;
    }

    /// <summary>Takes the next one whose tenant has nothing running, if it is that one's turn soon.</summary>
    public bool TryTakeFirstOfTenant(out ClaimedMessage message)
    {
        for (var i = turns.Count; i > 0 && i > turns.Count - Passed; i--)
        {
            if (turns.Peek().Running == 0)
                return TryTake(out message);
            turns.Enqueue(turns.Dequeue());
        }

        message = null!;
        return false;
    }

    /// <summary>Takes several in turns of their tenants; all of them count as running until they have ended.</summary>
    public void TakeUpTo(int count, ConcurrentQueue<ClaimedMessage> taken)
    {
        while (count-- > 0 && TryTake(out var message))
            taken.Enqueue(message);
    }

    /// <summary>One that was taken and has not been started after all.</summary>
    public void PutBack(ClaimedMessage message)
    {
        Add(message);
        Ended(message.Tenant.Value);
    }

    public void Ended(string tenant)
    {
        var line = lines[tenant];
        line.Running--;
        if (line.Held == 0)
            lines.Remove(tenant);
        else
            TakeTurn(line);
    }

    public bool Holds(string tenant) => lines.ContainsKey(tenant);

    /// <summary>Whether <paramref name="more"/> of the tenant's messages would all run at once.</summary>
    public bool HasRoom(string tenant, int more) =>
        !lines.TryGetValue(tenant, out var line) ? more <= tenantLimit : line.Waiting.Count == 0 && line.Running + more <= tenantLimit;

    /// <summary>Waiting and running, of each tenant.</summary>
    public (string[] Tenants, int[] Counts) Held()
    {
        var tenants = new string[lines.Count];
        var counts = new int[lines.Count];
        var i = 0;
        foreach (var line in lines.Values)
        {
            tenants[i] = line.Tenant;
            counts[i++] = line.Held;
        }

        return (tenants, counts);
    }

    /// <summary>Everything that has not been started.</summary>
    public List<ClaimedMessage> Drain()
    {
        var left = lines.Values.SelectMany(l => l.Waiting).ToList();
        foreach (var line in lines.Values)
        {
            line.Waiting.Clear();
            line.HasTurn = false;
        }

        turns.Clear();
        Count = 0;
        return left;
    }

    private void TakeTurn(Line line)
    {
        if (line.HasTurn || line.Waiting.Count == 0 || line.Running >= tenantLimit)
            return;
        line.HasTurn = true;
        turns.Enqueue(line);
    }

    private sealed class Line(string tenant)
    {
        public string Tenant => tenant;

        public Queue<ClaimedMessage> Waiting { get; } = new();

        public int Running { get; set; }

        public bool HasTurn { get; set; }

        public int Held => Waiting.Count + Running;
    }
}
