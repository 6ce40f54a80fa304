using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Events.Commands.Secrets;

/// <summary>
/// A random secret that is shown once and stored as its SHA-256: with 256 random bits there is nothing for a slow hash to
/// slow down. The prefix lets secret scanners, and people, see what it is.
/// </summary>
public static class TokenSecret
{
    public const string ApiToken = "evt_";
    public const string Session = "evs_";
    public const string Mail = "evm_";

    /// <summary>Longest that is looked at, in characters.</summary>
    public const int MaxLength = 64;

    private const int Bytes = 32;

    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
