using System.Runtime.InteropServices;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Projections.Engine;

/// <summary>How many of a tenant's events, and the sum of their hashes modulo 2^128.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LedgerEntry(long Events, UInt128 Hash)
{
    public static LedgerEntry operator +(LedgerEntry a, LedgerEntry b) => new(a.Events + b.Events, unchecked(a.Hash + b.Hash));

    public LedgerEntry With(UInt128 hash) => new(Events + 1, unchecked(Hash + hash));

    internal long High => (long)(ulong)(Hash >> 64);

    internal long Low => (long)(ulong)Hash;

    /// <summary>Adds up rows of projection, generation, tenant, events, and the halves of the sum.</summary>
    internal static async Task<Dictionary<LedgerKey, LedgerEntry>> ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var sums = new Dictionary<LedgerKey, LedgerEntry>();
        while (await reader.ReadAsync(ct))
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, new LedgerKey(reader.GetString(0), reader.GetInt32(1), reader.GetString(2)), out _);
            sum += Of(reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5));
        }

        return sums;
    }

    internal static LedgerEntry Of(long events, long high, long low) => new(events, new UInt128((ulong)high, (ulong)low));
}

internal readonly record struct LedgerKey(string Projection, int Generation, string Tenant);

/// <summary>A part of the events, tenant by tenant, as one projection folded it.</summary>
internal sealed class LedgerPart : IEquatable<LedgerPart>
{
    private readonly Dictionary<TenantId, LedgerEntry> entries = [];

    public IReadOnlyDictionary<TenantId, LedgerEntry> Entries => entries;

    public void Add(TenantId tenant, UInt128 hash)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, tenant, out _);
        entry = entry.With(hash);
    }

    public void Add(TenantId tenant, LedgerEntry sum) => entries[tenant] = entries.GetValueOrDefault(tenant) + sum;

    public bool Equals(LedgerPart? other) =>
        other is not null && entries.Count == other.entries.Count && entries.All(e => other.entries.TryGetValue(e.Key, out var theirs) && theirs == e.Value);

    public override bool Equals(object? obj) => Equals(obj as LedgerPart);

    public override int GetHashCode() => entries.Values.Aggregate(default(LedgerEntry), (sum, e) => sum + e).GetHashCode();

    public void Add(LedgerPart other)
    {
        foreach (var (tenant, entry) in other.entries)
            Add(tenant, entry);
    }
}
