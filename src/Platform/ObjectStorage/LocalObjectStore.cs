using System.Runtime.CompilerServices;

namespace Events.Platform.ObjectStorage;

/// <summary>
/// Objects as files in one folder. Its links are relative, signed by <see cref="LinkSigner"/> and served by this service itself.
/// A write goes to a file beside and is flushed to disk before it takes the object's name, so a reader never sees a part.
/// </summary>
public sealed class LocalObjectStore(string folder, LinkSigner signer, TimeProvider time) : IObjectStore
{
    private readonly string objects = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(folder), "objects")).FullName;
    private readonly string partial = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(folder), "partial")).FullName;

    public Task<PresignedRequest> PresignUploadAsync(ObjectKey key, UploadTerms terms, TimeSpan lifetime, CancellationToken ct)
    {
        var expires = time.GetUtcNow() + lifetime;
        var url = signer.Sign(new LinkTerms("PUT", key, expires, terms.Size, terms.ContentType, "", terms.Sha256 ?? ""));
        return Task.FromResult(new PresignedRequest("PUT", url, new Dictionary<string, string> { ["Content-Type"] = terms.ContentType }, expires));
    }

    public Task<PresignedRequest> PresignDownloadAsync(ObjectKey key, DownloadTerms terms, TimeSpan lifetime, CancellationToken ct)
    {
        var expires = time.GetUtcNow() + lifetime;
        var url = signer.Sign(new LinkTerms("GET", key, expires, 0, terms.ContentType, terms.FileName, ""));
        return Task.FromResult(new PresignedRequest("GET", url, new Dictionary<string, string>(), expires));
    }

    /// <summary>Stores the body of an upload whose link was verified; size and checksum must be what the link says.</summary>
    /// <exception cref="ObjectRefusedException">Codes <c>too_large</c>, <c>wrong_size</c>, <c>wrong_checksum</c>.</exception>
    public Task<WrittenObject> ReceiveAsync(LinkTerms terms, Stream body, CancellationToken ct) =>
        StoreAsync(terms.Key, terms.Size, body.CopyToAsync, written =>
        {
            if (written.Size != terms.Size)
                throw new ObjectRefusedException("wrong_size", $"{written.Size:N0} bytes were sent; the link was made for {terms.Size:N0}.");
            if (terms.Sha256.Length > 0 && !string.Equals(terms.Sha256, written.Sha256, StringComparison.Ordinal))
                throw new ObjectRefusedException("wrong_checksum", $"The bytes have SHA-256 {written.Sha256}; the link was made for {terms.Sha256}.");
        }, ct);

    public Task<WrittenObject> WriteAsync(ObjectKey key, string contentType, Func<Stream, CancellationToken, Task> write, CancellationToken ct) =>
        StoreAsync(key, long.MaxValue, write, static _ => { }, ct);

    public Task<StoredObject?> StatAsync(ObjectKey key, CancellationToken ct)
    {
        var file = FileOf(key);
        return Task.FromResult(file.Exists ? new StoredObject(key, file.Length, Utc(file)) : null);
    }

    public Task<Stream?> OpenReadAsync(ObjectKey key, long offset, CancellationToken ct)
    {
        try
        {
            var file = new FileStream(PathOf(key), new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
                BufferSize = 1 << 16,
            });
            file.Position = offset;
            return Task.FromResult<Stream?>(file);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
    }

    public Task DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        try
        {
            File.Delete(PathOf(key));
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was ever stored beside it.
        }
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        var start = prefix.Length == 0 ? objects : PathOf(ObjectKey.Parse(prefix.TrimEnd('/')));
        if (!Directory.Exists(start))
            yield break;
        foreach (var file in new DirectoryInfo(start).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            ct.ThrowIfCancellationRequested();
            var name = Path.GetRelativePath(objects, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (ObjectKey.TryParse(name, out var key))
                yield return new StoredObject(key, file.Length, Utc(file));
        }
        await Task.CompletedTask;
    }

    /// <summary>Deletes what interrupted writes left behind before <paramref name="before"/>; returns how many.</summary>
    public int SweepPartial(DateTimeOffset before)
    {
        var swept = 0;
        foreach (var file in new DirectoryInfo(partial).EnumerateFiles().Where(f => Utc(f) < before))
        {
            file.Delete();
            swept++;
        }
        return swept;
    }

    internal FileInfo FileOf(ObjectKey key) => new(PathOf(key));

    private async Task<WrittenObject> StoreAsync(
        ObjectKey key, long limit, Func<Stream, CancellationToken, Task> write, Action<WrittenObject> check, CancellationToken ct)
    {
        var target = PathOf(key);
        var beside = Path.Combine(partial, Guid.CreateVersion7(time.GetUtcNow()).ToString("N"));
        try
        {
            WrittenObject written;
            await using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
            await using (var hashing = new HashingStream(file, limit))
            {
                await write(hashing, ct);
                await file.FlushAsync(ct);
                file.Flush(flushToDisk: true);
                written = new WrittenObject(hashing.Written, hashing.Sha256());
            }
            check(written);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(beside, target, overwrite: true);
            return written;
        }
        finally
        {
            File.Delete(beside);
        }
    }

    private string PathOf(ObjectKey key) => Path.Combine(objects, Path.Combine(key.Value.Split('/')));

    private static DateTimeOffset Utc(FileInfo file) => new(file.LastWriteTimeUtc, TimeSpan.Zero);
}
