using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Events.Platform.Tenancy;

namespace Events.EventStore.Aggregates;

/// <summary>A bounded cache that keeps what was used lately (second chance: one bit an entry, no lock on a hit).</summary>
/// <param name="capacityBytes">Of all states together, as <paramref name="weigh"/> counts them.</param>
internal sealed class RecentStates<TState>(int capacity, long capacityBytes, Func<TState, long> weigh)
{
    private long bytes;

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
        var fresh = new Entry(state, version, weigh(state));
        // It would push everything else out, and then itself.
        if (fresh.Bytes > capacityBytes)
        {
            Remove(key);
            return;
        }
        while (true)
        {
            if (entries.TryGetValue(key, out var known))
            {
                if (known.Version >= version)
                    return;
                if (!entries.TryUpdate(key, fresh, known))
                    continue;
                Interlocked.Add(ref bytes, fresh.Bytes - known.Bytes);
                Trim();
                return;
            }
            else if (entries.TryAdd(key, fresh))
            {
                Interlocked.Add(ref bytes, fresh.Bytes);
                hand.Enqueue(key);
                Trim();
                return;
            }
        }
    }

    public void Remove(TenantId tenant, Guid stream) => Remove((tenant, stream));

    // Whoever takes an entry out of the dictionary, and nobody else, takes its weight off.
    private void Remove((TenantId, Guid) key)
    {
        if (entries.TryRemove(key, out var entry))
            Interlocked.Add(ref bytes, -entry.Bytes);
    }

    private void Trim()
    {
        while ((hand.Count > capacity || Interlocked.Read(ref bytes) > capacityBytes) && hand.TryDequeue(out var key))
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
                Remove(key);
            }
        }
    }

    private sealed class Entry(TState state, long version, long bytes)
    {
        public long Bytes => bytes;

        public TState State { get; } = state;

        public long Version { get; } = version;

        public bool Used { get; set; }
    }
}
