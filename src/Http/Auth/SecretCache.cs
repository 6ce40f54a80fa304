using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Events.Http.Auth;

/// <summary>
/// What a secret's hash leads to. That never changes, so it needs no invalidation: whether the session or token still counts is
/// asked anew for each request. What is unknown is not kept.
/// </summary>
internal sealed class SecretCache<T>
    where T : class
{
    private const int MaxEntries = 50_000;

    private readonly ConcurrentDictionary<SecretHash, T> entries = new();

    public bool TryGet(SecretHash hash, out T? value) => entries.TryGetValue(hash, out value);

    public T Add(SecretHash hash, T value)
    {
        if (entries.Count >= MaxEntries)
            entries.Clear();
        return entries.GetOrAdd(hash, value);
    }
}

/// <summary>SHA-256 of a secret, as a key of a dictionary.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SecretHash(ulong A, ulong B, ulong C, ulong D)
{
    public static SecretHash Of(ReadOnlySpan<char> secret)
    {
        Span<byte> text = stackalloc byte[Encoding.UTF8.GetMaxByteCount(secret.Length)];
        var length = Encoding.UTF8.GetBytes(secret, text);
        Span<ulong> hash = stackalloc ulong[4];
        SHA256.HashData(text[..length], MemoryMarshal.AsBytes(hash));
        return new(hash[0], hash[1], hash[2], hash[3]);
    }

    public byte[] ToBytes() => MemoryMarshal.AsBytes<ulong>(new[] { A, B, C, D }).ToArray();
}
