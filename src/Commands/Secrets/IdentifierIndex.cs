using System.Security.Cryptography;
using System.Text;

namespace Events.Commands.Secrets;

/// <summary>
/// Where an e-mail address, or an account at an identity provider, is claimed: a keyed hash, so that the name of the stream
/// tells nobody without the master key whose address it was, also after erasure.
/// </summary>
public sealed class IdentifierIndex(MasterKey master)
{
    private readonly byte[] key = master.Derive("identifier-index");

    public Guid OfEmail(string normalisedEmail) => Of($"email:{normalisedEmail}");

    public Guid OfExternalAccount(string issuer, string subject) => Of($"oidc:{issuer}\n{subject}");

    private Guid Of(string identifier)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(identifier), hash);
        var id = hash[..16];
        // Version 8 (made by the application), variant 10.
        id[6] = (byte)((id[6] & 0x0f) | 0x80);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new(id, bigEndian: true);
    }
}
