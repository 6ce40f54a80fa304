using System.Runtime.InteropServices;
using Events.Platform.Tenancy;

namespace Events.Projections.Engine;

/// <summary>How many of a tenant's events, and the sum of their hashes modulo 2^128.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LedgerEntry(long Events, UInt128 Hash)
{
    public static LedgerEntry operator +(LedgerEntry a, LedgerEntry b) => new(a.Events + b.Events, unchecked(a.Hash + b.Hash));

    public LedgerEntry With(UInt128 hash) => new(Events + 1, unchecked(Hash + hash));

    internal long High => (long)(ulong)(Hash >> 64);

    internal long Low => (long)(ulong)Hash;

    internal static LedgerEntry Of(long events, long high, long low) => new(events, new UInt128((ulong)high, (ulong)low));
}

/// <summary>A part of the events, tenant by tenant, as one projection folded it.</summary>
internal sealed class LedgerPart
{
    private readonly Dictionary<TenantId, LedgerEntry> entries = [];

    public IReadOnlyDictionary<TenantId, LedgerEntry> Entries => entries;

    public void Add(TenantId tenant, UInt128 hash)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, tenant, out _);
        entry = entry.With(hash);
    }

    public void Add(LedgerPart other)
    {
        foreach (var (tenant, entry) in other.entries)
            entries[tenant] = entries.GetValueOrDefault(tenant) + entry;
    }
}
