namespace Events.Platform.ObjectStorage;

/// <summary>Reads an object over the network; a connection that breaks is opened again at the byte where it broke, a bounded number of times.</summary>
internal sealed class ResumingStream(Func<long, CancellationToken, Task<Stream>> open, long offset, long size) : Stream
{
    private const int MaxReopens = 5;
    private Stream? current;
    private long position = offset;
    private int reopens;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => size;

    public override long Position { get => position; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (position >= size || buffer.IsEmpty)
                return 0;
            try
            {
                current ??= await open(position, cancellationToken);
                var read = await current.ReadAsync(buffer, cancellationToken);
                if (read == 0)
                    throw new IOException($"The connection ended at byte {position} of {size}.");
                position += read;
                reopens = 0;
                return read;
            }
            catch (Exception broken) when (broken is IOException or HttpRequestException && reopens < MaxReopens && !cancellationToken.IsCancellationRequested)
            {
                reopens++;
                await CloseAsync();
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            current?.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask CloseAsync()
    {
        if (current is not null)
            await current.DisposeAsync();
        current = null;
    }
}
