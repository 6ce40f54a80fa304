namespace Events.Platform.ObjectStorage;

/// <summary>
/// Bytes by key, in a local folder or an S3-compatible service. Clients move bytes by presigned request straight to and from
/// the store; this process only streams what its own jobs read and write.
/// </summary>
public interface IObjectStore
{
    /// <summary>A request that may store exactly <paramref name="terms"/> under the key until <paramref name="lifetime"/> has passed.</summary>
    Task<PresignedRequest> PresignUploadAsync(ObjectKey key, UploadTerms terms, TimeSpan lifetime, CancellationToken ct);

    /// <summary>A link that may read the object, ranges included, until <paramref name="lifetime"/> has passed.</summary>
    Task<PresignedRequest> PresignDownloadAsync(ObjectKey key, DownloadTerms terms, TimeSpan lifetime, CancellationToken ct);

    /// <summary>Null when there is no such object.</summary>
    Task<StoredObject?> StatAsync(ObjectKey key, CancellationToken ct);

    /// <summary>The object from byte <paramref name="offset"/>, as a forward-only stream; null when there is no such object.</summary>
    Task<Stream?> OpenReadAsync(ObjectKey key, long offset, CancellationToken ct);

    /// <summary>
    /// Stores what <paramref name="write"/> writes, of any size, in bounded memory. The object appears whole or not at all:
    /// when the delegate throws, whatever stood under the key before stands there still.
    /// </summary>
    Task<WrittenObject> WriteAsync(ObjectKey key, string contentType, Func<Stream, CancellationToken, Task> write, CancellationToken ct);

    /// <summary>Deleting what is not there is no error.</summary>
    Task DeleteAsync(ObjectKey key, CancellationToken ct);

    /// <summary>Every object whose key starts with <paramref name="prefix"/> (whole segments, e.g. <c>workspace/files</c>); all when empty.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken ct);
}

/// <param name="Method">HTTP method.</param>
/// <param name="Url">Absolute for S3; for the local folder a path with its query, relative to wherever the service is reached.</param>
/// <param name="Headers">To be sent exactly so: they are part of what is signed.</param>
public sealed record PresignedRequest(string Method, Uri Url, IReadOnlyDictionary<string, string> Headers, DateTimeOffset ExpiresAt);

/// <param name="Size">Bytes, exact.</param>
/// <param name="Sha256">Lower-case hexadecimal; when given, other bytes are refused by the store.</param>
public sealed record UploadTerms(long Size, string ContentType, string? Sha256 = null);

/// <param name="FileName">What the browser is told to save it as; never part of a path on this side.</param>
public sealed record DownloadTerms(string FileName, string ContentType);

/// <param name="Size">Bytes.</param>
public sealed record StoredObject(ObjectKey Key, long Size, DateTimeOffset LastModified);

/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record WrittenObject(long Size, string Sha256);

/// <summary>The store refused a transfer: <see cref="Code"/> is stable, the message is a sentence for people.</summary>
public sealed class ObjectRefusedException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}
