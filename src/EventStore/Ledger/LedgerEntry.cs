using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Events.EventStore.Ledger;

/// <summary>What a tenant's events up to a position come to.</summary>
/// <param name="Position">Of the last event counted.</param>
/// <param name="Events">How many.</param>
/// <param name="Sum">
/// The first 16 bytes of each event's digest, added modulo 2^128: whatever order a reader takes the events in, it arrives at the same
/// figure, so a projection or an archive can keep it with one addition an event.
/// </param>
/// <param name="Chain">
/// SHA-256 over the chain before and the event's digest, 32 bytes, zero at the beginning: nobody can change, drop or insert an event
/// without every later value changing. Kept outside, one value proves all that came before it.
/// </param>
/// <param name="Keys">The <see cref="EventHash"/>es, added likewise: what a read model that does not look into every event keeps.</param>
public sealed record LedgerEntry(long Position, long Events, UInt128 Sum, ReadOnlyMemory<byte> Chain, UInt128 Keys)
{
    public static LedgerEntry Empty { get; } = new(0, 0, UInt128.Zero, new byte[EventDigest.Length], UInt128.Zero);

    /// <summary>The entry after one more event, which must be the tenant's next.</summary>
    public LedgerEntry With(RecordedEvent recorded)
    {
        Span<byte> link = stackalloc byte[2 * EventDigest.Length];
        Chain.Span.CopyTo(link);
        var digest = link[EventDigest.Length..];
        EventDigest.Write(recorded, digest);
        return new LedgerEntry(
            recorded.Position, Events + 1, unchecked(Sum + BinaryPrimitives.ReadUInt128BigEndian(digest)), SHA256.HashData(link), unchecked(Keys + EventHash.Of(recorded)));
    }

    /// <summary>Whether both tell of the same events; the position of the last one is part of its digest.</summary>
    public bool Agrees(LedgerEntry other) => Events == other.Events && Sum == other.Sum && Keys == other.Keys && Chain.Span.SequenceEqual(other.Chain.Span);
}

/// <summary>The first place where the events differ from what the ledger recorded.</summary>
/// <param name="After">Up to here, exclusive of nothing, everything agreed.</param>
/// <param name="UpTo">The difference lies after <paramref name="After"/> and at or below this position.</param>
/// <param name="Recorded">What the ledger says of <paramref name="UpTo"/>.</param>
/// <param name="Found">What the events come to now.</param>
public sealed record LedgerDifference(Platform.Tenancy.TenantId Tenant, long After, long UpTo, LedgerEntry Recorded, LedgerEntry Found);
