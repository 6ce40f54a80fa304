using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Events.EventStore.Ledger;

/// <summary>
/// SHA-256 of everything that an event says: position, id, tenant, stream, version, type, time, data as the database gives it back, and
/// metadata. Whether it is archived is no part of it, because archiving changes nothing of what happened.
/// </summary>
public static class EventDigest
{
    public const int Length = SHA256.HashSizeInBytes;

    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public static void Write(RecordedEvent recorded, Span<byte> destination)
    {
        var metadata = recorded.Metadata;
        var size = 64
            + Text(recorded.Tenant.Value) + Text(recorded.Type) + 4 + recorded.Data.Length
            + Text(metadata.Actor) + Text(metadata.CorrelationId) + Text(metadata.CausationId) + Text(metadata.TraceParent);
        foreach (var (name, value) in Headers(metadata))
            size += Text(name) + Text(value);

        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var rest = rented.AsSpan();
            Put(ref rest, recorded.Position);
            Put(ref rest, recorded.Version);
            Put(ref rest, recorded.Timestamp.UtcTicks);
            Put(ref rest, recorded.Id);
            Put(ref rest, recorded.StreamId);
            Put(ref rest, recorded.Tenant.Value);
            Put(ref rest, recorded.Type);
            Put(ref rest, recorded.Data.Span);
            Put(ref rest, metadata.Actor);
            Put(ref rest, metadata.CorrelationId);
            Put(ref rest, metadata.CausationId);
            Put(ref rest, metadata.TraceParent);
            foreach (var (name, value) in Headers(metadata))
            {
                Put(ref rest, name);
                Put(ref rest, value);
            }

            SHA256.HashData(rented.AsSpan(0, rented.Length - rest.Length), destination);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Headers(EventMetadata metadata) =>
        metadata.Headers is { Count: > 0 } headers ? headers.OrderBy(header => header.Key, StringComparer.Ordinal) : [];

    /// <summary>Most bytes that a text takes, its length included.</summary>
    private static int Text(string? text) => 4 + (text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length));

    private static void Put(ref Span<byte> rest, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(rest, value);
        rest = rest[8..];
    }

    private static void Put(ref Span<byte> rest, Guid value)
    {
        value.TryWriteBytes(rest, bigEndian: true, out _);
        rest = rest[16..];
    }

    // Every part carries its length, so that no two events write the same bytes.
    private static void Put(ref Span<byte> rest, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, value.Length);
        value.CopyTo(rest[4..]);
        rest = rest[(4 + value.Length)..];
    }

    private static void Put(ref Span<byte> rest, string? value)
    {
        var length = value is null ? -1 : Encoding.UTF8.GetBytes(value, rest[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(rest, length);
        rest = rest[(4 + Math.Max(length, 0))..];
    }
}
