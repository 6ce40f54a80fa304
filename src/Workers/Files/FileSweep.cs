using Events.Platform.ObjectStorage;
using Microsoft.Extensions.Logging;

namespace Events.Workers.Files;

/// <param name="Files">Announced and never used, or past their time.</param>
/// <param name="Objects">Bytes that no file names.</param>
/// <param name="Partial">Left by interrupted writes.</param>
public sealed record Swept(int Files, int Objects, int Partial);

/// <summary>Deletes what nobody needs: uploads that were never used, exports that expired, bytes that no file names.</summary>
public sealed partial class FileSweep(FileTable table, FileStore files, IObjectStore objects, TimeProvider time, ILogger<FileSweep> logger)
{
    private const int BatchFiles = 500;

    public async Task<Swept> RunOnceAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var before = now - files.Options.OrphanAge;
        var swept = new Swept(await SweepFilesAsync(now, ct), await SweepObjectsAsync(before, ct), (objects as LocalObjectStore)?.SweepPartial(before) ?? 0);
        LogSwept(swept.Files, swept.Objects, swept.Partial);
        return swept;
    }

    private async Task<int> SweepFilesAsync(DateTimeOffset now, CancellationToken ct)
    {
        var total = 0;
        IReadOnlyList<StoredFile> expired;
        do
        {
            expired = await table.ExpiredAsync(now, BatchFiles, ct);
            foreach (var file in expired)
            {
                // The bytes first: should this stop in between, the row is still there to find them by.
                await objects.DeleteAsync(file.Key, ct);
                await table.RemoveAsync(file.Tenant, file.Id, ct);
            }
            total += expired.Count;
        }
        while (expired.Count == BatchFiles);
        return total;
    }

    // A row is written before its bytes, except by jobs, whose bytes are younger than the age asked for.
    private async Task<int> SweepObjectsAsync(DateTimeOffset before, CancellationToken ct)
    {
        var total = 0;
        await foreach (var page in objects.ListAsync("", ct).Where(o => o.LastModified < before).Chunk(BatchFiles).WithCancellation(ct))
        {
            var known = await table.KnownAsync([.. page.Select(static o => o.Key.Value)], ct);
            foreach (var stray in page.Where(o => !known.Contains(o.Key.Value)))
            {
                await objects.DeleteAsync(stray.Key, ct);
                total++;
            }
        }
        return total;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Swept {Files} files, {Objects} stray objects and {Partial} partial writes")]
    private partial void LogSwept(int files, int objects, int partial);
}

/// <summary>Runs the sweep; sent by the schedule.</summary>
public sealed record SweepFiles;

internal sealed class SweepFilesHandler(FileSweep sweep) : Messaging.Handlers.IMessageHandler<SweepFiles>
{
    public async Task Handle(SweepFiles message, Messaging.Handlers.MessageContext context, CancellationToken ct) => context.SetResult(await sweep.RunOnceAsync(ct));
}
