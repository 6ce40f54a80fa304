using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Events.Platform.Tenancy;

namespace Events.Projections.Engine;

/// <summary>
/// The tenant in read models: 16 bytes that lead every index. A workspace's UUID is its own key; any other name's key is made
/// of its MD5. The SQL function <c>tenant_key</c> says the same.
/// </summary>
public static class TenantKey
{
    public static Guid Of(TenantId tenant) =>
        tenant.Value is { Length: 36 } text && IsLowerCaseUuid(text) && Guid.TryParseExact(text, "D", out var id)
            ? id
            : new Guid(Digest(tenant.Value), bigEndian: true);

    private static bool IsLowerCaseUuid(string text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiHexDigitLower(c) && c != '-')
                return false;
        }

        return true;
    }

    // MD5 as a name, not as a protection: PostgreSQL has it as a function, and nobody chooses a tenant's id.
#pragma warning disable CA5351
    private static byte[] Digest(string text) => MD5.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5351
}

/// <summary>Keys of tenants that come again and again, by the very text object that names them. Not for several threads.</summary>
internal sealed class TenantKeys
{
    private readonly Dictionary<object, Guid> known = new(ReferenceEqualityComparer.Instance);
    private string? last;
    private Guid lastKey;

    public Guid Of(TenantId tenant)
    {
        if (!ReferenceEquals(tenant.Value, last))
        {
            last = tenant.Value;
            ref var key = ref CollectionsMarshal.GetValueRefOrAddDefault(known, last, out var exists);
            lastKey = exists ? key : key = TenantKey.Of(tenant);
        }

        return lastKey;
    }
}
