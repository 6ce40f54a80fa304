using System.Security.Cryptography;
using System.Text;

namespace Events.Commands.Reservations;

/// <summary>
/// A value that only one may hold is a stream of its own, named by the value: whoever starts the stream holds it, in the same
/// unit of work as what it is for.
/// </summary>
public static class ReservedName
{
    /// <summary>
    /// UUIDv5 of the name, e.g. <c>project-key:WEB</c>. Streams are keyed by workspace and id, so the same name in another
    /// workspace is another stream; and a backup restored into another workspace still holds its names.
    /// </summary>
    public static Guid StreamOf(string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
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
