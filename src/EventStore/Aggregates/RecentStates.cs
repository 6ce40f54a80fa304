using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Events.Platform.Tenancy;

namespace Events.EventStore.Aggregates;

/// <summary>A bounded cache that keeps what was used lately (second chance: one bit an entry, no lock on a hit).</summary>
internal sealed class RecentStates<TState>(int capacity)
{
    private readonly ConcurrentDictionary<(TenantId Tenant, Guid Stream), Entry> entries = new();
    private readonly ConcurrentQueue<(TenantId Tenant, Guid Stream)> hand = new();

    public bool TryGet(TenantId tenant, Guid stream, [MaybeNullWhen(false)] out TState state, out long version)
    {
        if (entries.TryGetValue((tenant, stream), out var entry))
        {
            entry.Used = true;
            state = entry.State;
            version = entry.Version;
            return true;
        }

        state = default;
        version = 0;
        return false;
    }

    /// <summary>An older version never replaces a newer one: appends may report in any order.</summary>
    public void Put(TenantId tenant, Guid stream, TState state, long version)
    {
        if (capacity == 0)
            return;
        var key = (tenant, stream);
        var fresh = new Entry(state, version);
        while (true)
        {
            if (entries.TryGetValue(key, out var known))
            {
                if (known.Version >= version || entries.TryUpdate(key, fresh, known))
                    return;
            }
            else if (entries.TryAdd(key, fresh))
            {
                hand.Enqueue(key);
                Trim();
                return;
            }
        }
    }

    public void Remove(TenantId tenant, Guid stream) => entries.TryRemove((tenant, stream), out _);

    private void Trim()
    {
        while (hand.Count > capacity && hand.TryDequeue(out var key))
        {
            if (!entries.TryGetValue(key, out var entry))
                continue;
            if (entry.Used)
            {
                entry.Used = false;
                hand.Enqueue(key);
            }
            else
            {
                entries.TryRemove(key, out _);
            }
        }
    }

    private sealed class Entry(TState state, long version)
    {
        public TState State { get; } = state;

        public long Version { get; } = version;

        public bool Used { get; set; }
    }
}
