using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Events.Projections.Engine;

/// <summary>
/// A row's text: the string itself, or its UTF-8 among that of many rows (<see cref="TextSlabs"/>), so that millions of rows are not
/// several objects each, which the garbage collector would move about.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct PackedText
{
    private readonly object? source;
    private readonly int start;
    private readonly int length;

    /// <param name="text">Null is kept as it is: the tables refuse it.</param>
    public PackedText(string? text) => source = text;

    public PackedText(byte[] slab, int start, int length) => (source, this.start, this.length) = (slab, start, length);

    public override string? ToString() => source is byte[] slab ? Encoding.UTF8.GetString(slab, start, length) : source as string;

    public void WriteTo(Utf8JsonWriter json, ReadOnlySpan<byte> name)
    {
        if (source is byte[] slab)
            json.WriteString(name, slab.AsSpan(start, length));
        else
            json.WriteString(name, ToString());
    }

    public void WriteTo(CopyBuffer buffer)
    {
        if (source is byte[] slab)
            buffer.Text(slab.AsSpan(start, length));
        else
            buffer.Text(ToString());
    }
}

/// <summary>Where a rebuild keeps its rows' texts. Not for several threads.</summary>
internal sealed class TextSlabs
{
    // So large that the collector leaves it where it is.
    private const int SlabBytes = 1 << 18;

    private byte[] slab = [];
    private int used;

    public PackedText Keep(string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (slab.Length - used < most)
            (slab, used) = (new byte[Math.Max(SlabBytes, most)], 0);
        var (start, length) = (used, Encoding.UTF8.GetBytes(text, slab.AsSpan(used)));
        used += length;
        return new PackedText(slab, start, length);
    }
}
