using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Events.Commands.Secrets;

/// <summary>PBKDF2 with HMAC-SHA-512, encoded as <c>$pbkdf2-sha512$i=&lt;iterations&gt;$&lt;salt&gt;$&lt;hash&gt;</c> (base64url).</summary>
internal static class PasswordHash
{
    private const string Scheme = "pbkdf2-sha512";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    public static string Make(string password, int iterations)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return $"${Scheme}$i={iterations}${Base64Url.EncodeToString(salt)}${Base64Url.EncodeToString(Stretch(password, salt, iterations))}";
    }

    public static PasswordCheck Check(string password, string encoded, int wantedIterations)
    {
        var parts = encoded.Split('$');
        if (parts is not ["", Scheme, ['i', '=', .. var cost], var salt, var hash]
            || !int.TryParse(cost, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations))
        {
            throw new FormatException("A stored password hash has an unknown form.");
        }
        var actual = Stretch(password, Base64Url.DecodeFromChars(salt), iterations);
        if (!CryptographicOperations.FixedTimeEquals(actual, Base64Url.DecodeFromChars(hash)))
            return PasswordCheck.Wrong;
        return iterations == wantedIterations ? PasswordCheck.Right : PasswordCheck.RightAtAnotherCost;
    }

    private static byte[] Stretch(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA512, HashBytes);
}

public enum PasswordCheck
{
    Wrong,
    Right,

    /// <summary>Right, and to be hashed again: the configured cost has changed since.</summary>
    RightAtAnotherCost,
}
