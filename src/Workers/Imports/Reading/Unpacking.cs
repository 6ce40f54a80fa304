using System.Buffers.Binary;
using System.IO.Compression;

namespace Events.Workers.Imports.Reading;

/// <summary>What a packed file may become. A file of real rows packs to a tenth or so; what grows a thousandfold is made to hurt.</summary>
public sealed record UnpackLimits
{
    /// <summary>Unpacked bytes, whatever the packed size.</summary>
    public long MaxBytes { get; init; } = 20L << 30;

    /// <summary>Unpacked bytes for each packed byte, once <see cref="FreeBytes"/> are passed.</summary>
    public int MaxRatio { get; init; } = 200;

    /// <summary>Up to here the ratio does not matter.</summary>
    public long FreeBytes { get; init; } = 32L << 20;
}

/// <summary>Opens gzip files, and zip archives that hold one file.</summary>
internal static class Unpacking
{
    private const int ZipEntriesMax = 200;
    private const int ZipTailBytes = 66_000;

    public static async Task<Stream> OpenAsync(Stream stored, long size, UnpackLimits limits, CancellationToken ct)
    {
        try
        {
            var head = new byte[4];
            var length = await stored.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, ct);
            var whole = new CountedStream(stored, static _ => { }, head.AsMemory(0, length));
            if (length >= 2 && head[0] == 0x1F && head[1] == 0x8B)
                return new BoundedStream(new GZipStream(whole, CompressionMode.Decompress), Bound(size, limits), size);
            if (length == 4 && head.AsSpan().SequenceEqual("PK\x03\x04"u8))
                return await OpenZipAsync(whole, size, limits, ct);
            if (length == 4 && (head.AsSpan().SequenceEqual("BZh9"u8) || head is [0x37, 0x7A, 0xBC, 0xAF] or [0xFD, 0x37, 0x7A, 0x58]))
                throw new UnreadableFileException("unknown_packing", "The file is packed with bzip2, 7-Zip or xz: unpack it, or pack it with gzip or zip.");
            return whole;
        }
        catch
        {
            await stored.DisposeAsync();
            throw;
        }
    }

    /// <summary>A zip's table of contents is at its end: the archive goes to a temporary file that vanishes when it is closed.</summary>
    private static async Task<Stream> OpenZipAsync(Stream packed, long size, UnpackLimits limits, CancellationToken ct)
    {
        var spool = new FileStream(
            Path.Combine(Path.GetTempPath(), $"events-{Guid.NewGuid():N}.zip"),
            FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await using (packed)
                await packed.CopyToAsync(spool, ct);
            await RefuseManyEntriesAsync(spool, ct);
            spool.Position = 0;
            var archive = new ZipArchive(spool, ZipArchiveMode.Read);
            var files = archive.Entries.Where(IsFile).ToList();
            if (files.Count != 1)
                throw new UnreadableFileException("zip_files", $"The zip archive holds {files.Count} files; it must hold one.");
            if (files[0].IsEncrypted)
                throw new UnreadableFileException("zip_encrypted", "The zip archive is protected by a password.");
            return new BoundedStream(await files[0].OpenAsync(ct), Bound(size, limits), size, archive);
        }
        catch (InvalidDataException broken)
        {
            await spool.DisposeAsync();
            throw new UnreadableFileException("zip_broken", $"The zip archive is damaged: {broken.Message}");
        }
        catch
        {
            await spool.DisposeAsync();
            throw;
        }
    }

    // What a Mac adds to every archive is not the person's file.
    private static bool IsFile(ZipArchiveEntry entry) =>
        entry.Name.Length > 0 && !entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal) && entry.Name is not (".DS_Store" or "Thumbs.db");

    /// <summary>Reads the count from the archive's last record, so that a directory of millions is never loaded.</summary>
    private static async Task RefuseManyEntriesAsync(FileStream archive, CancellationToken ct)
    {
        var tail = new byte[Math.Min(archive.Length, ZipTailBytes)];
        archive.Position = archive.Length - tail.Length;
        await archive.ReadExactlyAsync(tail, ct);
        var end = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        var entries = end >= 0 && end + 12 <= tail.Length ? BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(end + 10)) : 0;
        if (entries > ZipEntriesMax)
            throw new UnreadableFileException("zip_files", $"The zip archive holds {entries} entries or more; it must hold one file.");
    }

    private static long Bound(long size, UnpackLimits limits) => Math.Min(limits.MaxBytes, Math.Max(limits.FreeBytes, size * limits.MaxRatio));
}

/// <summary>Ends a decompression that yields more than it should, before it costs anything.</summary>
internal sealed class BoundedStream(Stream inner, long bound, long packedSize, IDisposable? owner = null) : Stream
{
    private long total;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Count(await inner.ReadAsync(buffer, cancellationToken));
        }
        catch (InvalidDataException broken)
        {
            throw new UnreadableFileException("packing_broken", $"The packed file is damaged: {broken.Message}");
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        owner?.Dispose();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            owner?.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Count(int read)
    {
        total += read;
        return total <= bound
            ? read
            : throw new UnreadableFileException(
                "unpacks_too_large", $"The file unpacks from {packedSize:N0} to more than {bound:N0} bytes; upload it unpacked, or in parts.");
    }
}
