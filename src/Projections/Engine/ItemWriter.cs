using System.Buffers;

namespace Events.Projections.Engine;

/// <summary>Rendered items, separated by commas.</summary>
internal sealed class ItemWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    public int Count { get; private set; }

    public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

    public void Add(ReadOnlySpan<byte> item)
    {
        if (Count++ > 0)
            buffer.Write(","u8);
        buffer.Write(item);
    }
}
