using System.Collections.Concurrent;
using Events.Platform.Tenancy;

namespace Events.EventStore.Tailing;

/// <summary>The position of each tenant's latest event that the tail has passed. Written by the one reader, read by everybody.</summary>
/// <remarks>What is forgotten errs upwards: a tenant may seem to have newer events than it has, never older ones.</remarks>
internal sealed class TenantPositions(int most)
{
    private readonly ConcurrentDictionary<TenantId, long> latest = [];
    private long floor = long.MaxValue;

    /// <summary>Of a tenant without events since the tail began, where it began.</summary>
    public long Of(TenantId tenant) => latest.TryGetValue(tenant, out var position) ? position : Volatile.Read(ref floor);

    public void Start(long position) => Volatile.Write(ref floor, position);

    /// <summary>Before the events are offered to anybody.</summary>
    public void Pass(IReadOnlyList<RecordedEvent> events)
    {
        if (events.Count == 0)
            return;
        if (latest.Count >= most)
        {
            // The floor first: whoever finds nothing must not find the old one.
            Volatile.Write(ref floor, events[^1].Position);
            latest.Clear();
        }

        foreach (var recorded in events)
            latest[recorded.Tenant] = recorded.Position;
    }
}
