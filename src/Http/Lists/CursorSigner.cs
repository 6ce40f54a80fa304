using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Events.Commands.Secrets;
using Events.Platform.Tenancy;

namespace Events.Http.Lists;

/// <summary>
/// Cursors: where a list goes on, readable by this service only. One carries its version, a hash of the list that it was made
/// for (view, filter, sort), the keys of the last item, and a signature over all of that and the workspace.
/// </summary>
public sealed class CursorSigner(MasterKey master)
{
    private const byte Version = 1;
    private const int ListBytes = 8;
    private const int SignatureBytes = 16;
    private const int MaxLength = 1_024;
    private const int MaxPlace = 512;

    private readonly byte[] key = master.Derive("cursor");

    /// <param name="list">Canonical text of view, filter and sort.</param>
    /// <param name="place">The keys of the last item, at most 512 bytes.</param>
    public string Sign(TenantId tenant, string list, ReadOnlySpan<byte> place)
    {
        if (place.Length > MaxPlace)
            throw new ArgumentException($"A place has at most {MaxPlace} bytes.", nameof(place));
        Span<byte> cursor = stackalloc byte[1 + ListBytes + MaxPlace + SignatureBytes];
        cursor[0] = Version;
        HashList(list, cursor.Slice(1, ListBytes));
        place.CopyTo(cursor[(1 + ListBytes)..]);
        var signed = 1 + ListBytes + place.Length;
        Signature(tenant, cursor[..signed], cursor.Slice(signed, SignatureBytes));
        return Base64Url.EncodeToString(cursor[..(signed + SignatureBytes)]);
    }

    /// <returns>The place; null with what is wrong.</returns>
    public byte[]? Open(TenantId tenant, string list, ReadOnlySpan<char> cursor, out string? wrong)
    {
        wrong = "The cursor is not one that this service made for this workspace.";
        if (cursor.Length > MaxLength)
            return null;
        Span<byte> bytes = stackalloc byte[MaxLength];
        if (Base64Url.DecodeFromChars(cursor, bytes, out _, out var length) != OperationStatus.Done || length < 1 + ListBytes + SignatureBytes)
            return null;
        var signed = length - SignatureBytes;
        Span<byte> expected = stackalloc byte[SignatureBytes];
        Signature(tenant, bytes[..signed], expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes.Slice(signed, SignatureBytes)))
            return null;
        if (bytes[0] != Version)
        {
            wrong = "The cursor was made by another version of this service: start again without it.";
            return null;
        }

        Span<byte> hash = stackalloc byte[ListBytes];
        HashList(list, hash);
        if (!hash.SequenceEqual(bytes.Slice(1, ListBytes)))
        {
            wrong = "The cursor belongs to another filter or sort: start again without it.";
            return null;
        }

        wrong = null;
        return bytes[(1 + ListBytes)..signed].ToArray();
    }

    private static void HashList(string list, Span<byte> hash)
    {
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(list), whole);
        whole[..ListBytes].CopyTo(hash);
    }

    private void Signature(TenantId tenant, ReadOnlySpan<byte> text, Span<byte> signature)
    {
        Span<byte> signed = stackalloc byte[TenantId.MaxLength * 3 + 1 + MaxLength];
        var length = Encoding.UTF8.GetBytes(tenant.Value, signed);
        signed[length++] = 0;
        text.CopyTo(signed[length..]);
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, signed[..(length + text.Length)], whole);
        whole[..SignatureBytes].CopyTo(signature);
    }
}
