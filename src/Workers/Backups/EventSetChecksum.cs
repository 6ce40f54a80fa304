using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Events.Workers.Backups;

/// <summary>
/// Count and sum (modulo 2^256) of the SHA-256 of every event's line. The same events give the same checksum whatever the order
/// in which they are added; order within a stream is in each line's version.
/// </summary>
public sealed class EventSetChecksum
{
    private readonly ulong[] sum = new ulong[4];

    public long Count { get; private set; }

    public void Add(ReadOnlySpan<byte> line)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(line, hash);
        UInt128 carry = 0;
        for (var i = 0; i < sum.Length; i++)
        {
            carry += (UInt128)sum[i] + BinaryPrimitives.ReadUInt64LittleEndian(hash[(i * 8)..]);
            sum[i] = (ulong)carry;
            carry >>= 64;
        }
        Count++;
    }

    /// <summary>E.g. <c>1204-5f…</c>: the count and 64 hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[32];
        for (var i = 0; i < sum.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * 8)..], sum[i]);
        return $"{Count}-{Convert.ToHexStringLower(bytes)}";
    }
}
