using System.Security.Cryptography;
using System.Text;
using Events.Platform.Tenancy;

namespace Events.Commands.Reservations;

/// <summary>
/// A value that only one may hold is a stream of its own, named by the value: whoever starts the stream holds it, in the same
/// unit of work as what it is for.
/// </summary>
public static class ReservedName
{
    /// <summary>UUIDv5 of the workspace and the name, e.g. <c>project-key:WEB</c>.</summary>
    public static Guid StreamOf(TenantId tenant, string name)
    {
        var text = Encoding.UTF8.GetBytes($"{tenant.Value}/{name}");
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // UUIDv5 is defined with SHA-1; it names, it protects nothing.
        SHA1.HashData(text, hash);
#pragma warning restore CA5350
        var id = hash[..16];
        id[6] = (byte)((id[6] & 0x0f) | 0x50);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new Guid(id, bigEndian: true);
    }
}
