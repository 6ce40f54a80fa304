using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Events.Projections.Engine;

/// <summary>Tenant and stream, ordered as PostgreSQL orders UUIDs.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RowKey(ulong TenantHigh, ulong TenantLow, ulong StreamHigh, ulong StreamLow) : IComparable<RowKey>
{
    public static bool operator <(RowKey left, RowKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(RowKey left, RowKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(RowKey left, RowKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(RowKey left, RowKey right) => left.CompareTo(right) >= 0;

    public static RowKey Of(Guid tenant, Guid stream)
    {
        Span<byte> bytes = stackalloc byte[32];
        tenant.TryWriteBytes(bytes, bigEndian: true, out _);
        stream.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        return new RowKey(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
    }

    public bool IsOfTenantOf(RowKey other) => TenantHigh == other.TenantHigh && TenantLow == other.TenantLow;

    public int CompareTo(RowKey other)
    {
        if (TenantHigh != other.TenantHigh)
            return TenantHigh < other.TenantHigh ? -1 : 1;
        if (TenantLow != other.TenantLow)
            return TenantLow < other.TenantLow ? -1 : 1;
        if (StreamHigh != other.StreamHigh)
            return StreamHigh < other.StreamHigh ? -1 : 1;
        return StreamLow.CompareTo(other.StreamLow);
    }
}
