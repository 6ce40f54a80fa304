using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Events.Projections.Rebuild;

/// <summary>
/// What was made of bytes that come again and again: names, and what many events say in the same words. Bounded: a newcomer takes
/// the place of whoever had it. Not for several threads.
/// </summary>
/// <param name="places">A power of two.</param>
internal sealed class Repeats<T>(int places)
    where T : class
{
    /// <summary>Longer ones hardly come again, in bytes.</summary>
    private const int Longest = 96;

    private readonly Place[] kept = new Place[places];

    /// <param name="bytes">What it is to be made of.</param>
    /// <param name="place">For <see cref="Keep"/>.</param>
    /// <param name="value">What was made of it before.</param>
    public bool TryGet(ReadOnlySpan<byte> bytes, out int place, [NotNullWhen(true)] out T? value)
    {
        place = -1;
        value = null;
        if (bytes.Length > Longest)
            return false;
        place = (int)(Hash(bytes) & (uint)(kept.Length - 1));
        ref readonly var one = ref kept[place];
        if (one.Value is null || !bytes.SequenceEqual(one.Bytes))
            return false;
        value = one.Value;
        return true;
    }

    public void Keep(int place, ReadOnlySpan<byte> bytes, T value)
    {
        if (place >= 0)
            kept[place] = new Place(bytes.ToArray(), value);
    }

    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        const ulong Odd = 0x9E3779B97F4A7C15;
        var hash = (ulong)bytes.Length * Odd;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), Odd);
        var rest = 0UL;
        foreach (var one in bytes)
            rest = (rest << 8) | one;
        return (uint)(Mix(hash ^ rest, Odd) >> 32);
    }

    private static ulong Mix(ulong value, ulong odd)
    {
        value *= odd;
        return value ^ (value >> 32);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Place(byte[] Bytes, T? Value);
}
