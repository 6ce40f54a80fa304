using Events.Platform.ObjectStorage;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Options;

namespace Events.Workers.Files;

/// <summary>Files of a workspace: what is known of them in the database, their bytes in the object store.</summary>
public sealed class FileStore(FileTable table, IObjectStore objects, IOptions<StorageOptions> options, TimeProvider time)
{
    private static readonly TimeSpan ExportsKept = TimeSpan.FromDays(7);

    public StorageOptions Options => options.Value;

    /// <summary>Announces an upload; the bytes go to the returned request's url.</summary>
    /// <exception cref="ObjectRefusedException">Codes <c>too_large</c>, <c>type_not_allowed</c>.</exception>
    public async Task<(StoredFile File, PresignedRequest Upload)> AnnounceAsync(
        TenantId tenant, string actor, string name, long size, string contentType, string? sha256, CancellationToken ct)
    {
        if (size > Options.MaxFileBytes)
            throw new ObjectRefusedException("too_large", $"The file has {size:N0} bytes; the limit is {Options.MaxFileBytes:N0}.");
        if (!Options.Allows(contentType))
            throw new ObjectRefusedException("type_not_allowed", $"Files of type {contentType} are not taken.");
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var file = new StoredFile(tenant, id, Key(tenant, id), ContentDisposition.Clean(name), size, contentType, sha256, FilePurpose.Upload, actor, now, now + Options.OrphanAge);
        await table.AddAsync(file, keptBy: null, ct);
        var upload = await objects.PresignUploadAsync(file.Key, new UploadTerms(size, contentType, sha256), Options.LinkLifetime, ct);
        return (file, upload);
    }

    public Task<StoredFile?> FindAsync(TenantId tenant, Guid id, CancellationToken ct) => table.FindAsync(tenant, id, ct);

    /// <summary>Whether the bytes are there, all of them.</summary>
    public async Task<bool> HasArrivedAsync(StoredFile file, CancellationToken ct) =>
        await objects.StatAsync(file.Key, ct) is { } stored && stored.Size == file.Size;

    public Task<PresignedRequest> LinkAsync(StoredFile file, CancellationToken ct) =>
        objects.PresignDownloadAsync(file.Key, new DownloadTerms(file.Name, file.ContentType), Options.LinkLifetime, ct);

    public Task KeepAsync(StoredFile file, string keptBy, CancellationToken ct) => table.KeepAsync(file.Tenant, file.Id, keptBy, ct);

    /// <exception cref="FileNotFoundException">It was never uploaded, or was deleted.</exception>
    public async Task<Stream> OpenAsync(StoredFile file, CancellationToken ct) =>
        await objects.OpenReadAsync(file.Key, 0, ct) ?? throw new FileNotFoundException($"The file {file.Name} is not in the object store.");

    /// <summary>Writes a file for people to fetch. The same id again replaces it: a job that runs twice leaves one file.</summary>
    public async Task<StoredFile> WriteAsync(
        TenantId tenant, Guid id, string actor, string name, string contentType, FilePurpose purpose, string keptBy,
        Func<Stream, CancellationToken, Task> write, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var key = Key(tenant, id);
        var written = await objects.WriteAsync(key, contentType, write, ct);
        var file = new StoredFile(
            tenant, id, key, ContentDisposition.Clean(name), written.Size, contentType, written.Sha256, purpose, actor, now,
            purpose == FilePurpose.Export ? now + ExportsKept : null);
        await table.AddAsync(file, keptBy, ct);
        return file;
    }

    private static ObjectKey Key(TenantId tenant, Guid id) => ObjectKey.Parse($"{Safe(tenant)}/{id:n}");

    /// <summary>Workspaces are UUIDs; anything else that a tenant may be called is spelled in hexadecimal.</summary>
    private static string Safe(TenantId tenant) =>
        ObjectKey.TryParse(tenant.Value, out _) && !tenant.Value.Contains('/', StringComparison.Ordinal)
            ? tenant.Value
            : "x" + Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(tenant.Value));
}
