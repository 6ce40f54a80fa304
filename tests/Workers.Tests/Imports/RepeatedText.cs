using System.Text;

namespace Events.Workers.Tests.Imports;

/// <summary>A file with a beginning, a part so many times, and an end, which is nowhere as a whole.</summary>
internal sealed class RepeatedText(string beginning, string part, int times, string end) : Stream
{
    private readonly byte[] part = Encoding.UTF8.GetBytes(part);
    private readonly byte[] end = Encoding.UTF8.GetBytes(end);
    private byte[] current = Encoding.UTF8.GetBytes(beginning);
    private int at;
    private int given = -1;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => Encoding.UTF8.GetByteCount(beginning) + ((long)part.Length * times) + end.Length;

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        while (at == current.Length)
        {
            if (given > times)
                return 0;
            at = 0;
            current = ++given < times ? part : given == times ? end : [];
        }
        var taken = Math.Min(buffer.Length, current.Length - at);
        current.AsSpan(at, taken).CopyTo(buffer);
        at += taken;
        return taken;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
