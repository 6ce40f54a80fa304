using System.Security.Cryptography;
using System.Text;

namespace Events.Commands.Secrets;

/// <summary>The key of one person or invitation. AES-256-GCM; a nonce is 96 random bits, far below their bound for one subject.</summary>
internal sealed class SubjectKey(Guid subject, byte[] key)
{
    private const int Nonce = 12;
    private const int Tag = 16;

    public static SubjectKey New(Guid subject) => new(subject, RandomNumberGenerator.GetBytes(32));

    public SealedText Seal(string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        return SealedText.Of(subject, Encrypt(key, plain, subject.ToByteArray()));
    }

    /// <summary>Null when the text was not sealed with this key.</summary>
    public string? Open(SealedText text)
    {
        var plain = Decrypt(key, System.Buffers.Text.Base64Url.DecodeFromChars(text.Body), subject.ToByteArray());
        return plain is null ? null : Encoding.UTF8.GetString(plain);
    }

    public byte[] Wrap(byte[] wrappingKey) => Encrypt(wrappingKey, key, subject.ToByteArray());

    public static SubjectKey Unwrap(Guid subject, byte[] wrapped, byte[] wrappingKey) =>
        new(subject, Decrypt(wrappingKey, wrapped, subject.ToByteArray())
            ?? throw new CryptographicException("A subject's key was wrapped by another master key."));

    // The subject is bound in as associated data: a ciphertext moved to another subject does not open.
    private static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> plain, byte[] subject)
    {
        var sealedBytes = new byte[Nonce + Tag + plain.Length];
        var nonce = sealedBytes.AsSpan(0, Nonce);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, Tag);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(Nonce + Tag), sealedBytes.AsSpan(Nonce, Tag), subject);
        return sealedBytes;
    }

    private static byte[]? Decrypt(byte[] key, ReadOnlySpan<byte> sealedBytes, byte[] subject)
    {
        if (sealedBytes.Length < Nonce + Tag)
            return null;
        var plain = new byte[sealedBytes.Length - Nonce - Tag];
        try
        {
            using var aes = new AesGcm(key, Tag);
            aes.Decrypt(sealedBytes[..Nonce], sealedBytes[(Nonce + Tag)..], sealedBytes.Slice(Nonce, Tag), plain, subject);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
