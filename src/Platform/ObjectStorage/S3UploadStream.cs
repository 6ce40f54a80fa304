using System.Buffers;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Events.Platform.ObjectStorage;

/// <summary>
/// Writes an object of unknown size: one part is held in memory; what never outgrows it goes up in a single request, the rest as a
/// multipart upload. Part sizes double every thousand parts, so 10,000 parts hold more than S3's largest object.
/// </summary>
internal sealed class S3UploadStream(IAmazonS3 client, string bucket, ObjectKey key, string contentType, int partBytes) : Stream
{
    private const int SmallestPart = 5 << 20;
    private const int LargestPart = 256 << 20;
    private readonly List<PartETag> parts = [];
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(partBytes, SmallestPart));
    private int partSize = Math.Max(partBytes, SmallestPart);
    private int filled;
    private string? uploadId;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        while (!source.IsEmpty)
        {
            if (filled == partSize)
                await UploadPartAsync(cancellationToken);
            var taken = Math.Min(source.Length, partSize - filled);
            source[..taken].CopyTo(buffer.AsMemory(filled));
            filled += taken;
            source = source[taken..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public async Task CompleteAsync(CancellationToken ct)
    {
        if (uploadId is null)
        {
            await client.PutObjectAsync(
                new PutObjectRequest { BucketName = bucket, Key = key.Value, ContentType = contentType, InputStream = Filled(), UseChunkEncoding = false },
                ct);
            return;
        }
        if (filled > 0)
            await UploadPartAsync(ct);
        await client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = bucket, Key = key.Value, UploadId = uploadId, PartETags = parts }, ct);
        uploadId = null;
    }

    /// <summary>Asks the service to drop the parts. That it may not be able to hides nothing: a lifecycle rule removes what is left.</summary>
    public async Task AbortAsync(CancellationToken ct)
    {
        if (uploadId is null)
            return;
        try
        {
            await client.AbortMultipartUploadAsync(bucket, key.Value, uploadId, ct);
        }
        catch (AmazonServiceException)
        {
            // The error that ended the upload is the one to report.
        }
        uploadId = null;
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write asynchronously.");

    // A part is sent when it is full: flushing earlier would make parts smaller than the service takes.
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        base.Dispose(disposing);
    }

    private async Task UploadPartAsync(CancellationToken ct)
    {
        uploadId ??= (await client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = bucket, Key = key.Value, ContentType = contentType }, ct)).UploadId;
        var answer = await client.UploadPartAsync(
            new UploadPartRequest
            {
                BucketName = bucket,
                Key = key.Value,
                UploadId = uploadId,
                PartNumber = parts.Count + 1,
                PartSize = filled,
                InputStream = Filled(),
                UseChunkEncoding = false,
            }, ct);
        parts.Add(new PartETag(parts.Count + 1, answer.ETag));
        filled = 0;
        if (parts.Count % 1000 != 0 || partSize >= LargestPart)
            return;
        partSize *= 2;
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = ArrayPool<byte>.Shared.Rent(partSize);
    }

    private MemoryStream Filled() => new(buffer, 0, filled, writable: false);
}
