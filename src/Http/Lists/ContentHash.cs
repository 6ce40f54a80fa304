using System.Runtime.InteropServices;

namespace Events.Http.Lists;

/// <summary>A 64-bit hash of what is answered, for entity tags: the same in every process, and no secret.</summary>
internal static class ContentHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>As an entity tag.</summary>
    public static string TagOf(ReadOnlySpan<byte> bytes, string? also = null) => $"\"{Of(bytes, also):x16}\"";

    public static ulong Of(ReadOnlySpan<byte> bytes, string? also)
    {
        var hash = (ulong)bytes.Length * Multiplier;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            hash = Mix(hash ^ word);
        foreach (var rest in bytes[(words.Length * sizeof(ulong))..])
            hash = Mix(hash ^ rest);
        foreach (var c in also ?? "")
            hash = Mix(hash ^ c);
        return hash;
    }

    private static ulong Mix(ulong value)
    {
        var high = Math.BigMul(value, Multiplier, out var low);
        return high ^ low ^ value;
    }
}
