using System.Text.Json;
using Events.Commands.Numbering;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Workers.Files;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;
using Events.Workers.Pacing;
using Npgsql;

namespace Events.Workers.Backups;

/// <param name="Events">Lines read.</param>
/// <param name="Created">Events appended.</param>
/// <param name="Existing">Events that stood in the workspace before.</param>
/// <param name="ChecksumOfFile">Of the events in the file.</param>
/// <param name="ChecksumOfWorkspace">Of the events in the workspace now; equal where it was empty before.</param>
public sealed record RestoreResult(
    Guid ImportId, long Events, long Created, long Existing, long Failed, Guid? ReportFileId, string ChecksumOfFile, string ChecksumOfWorkspace, bool Equal, double Seconds);

/// <summary>
/// Brings a backup's events in, in their order, under their stream ids and versions. An event goes in only at exactly its version, so a
/// repeat, also after a crash, adds nothing.
/// </summary>
internal sealed class Restore(
    ImportTable imports,
    ImportReport report,
    FileStore files,
    EventAppender appender,
    WorkspaceEvents workspace,
    TaskNumbers numbers,
    NpgsqlDataSource database,
    WorkPace pace,
    ImportOptions options,
    TimeProvider time)
{
    private const int ChunkEvents = 1_000;
    private const int UnitBytes = 2 << 20;

    public async Task<RestoreResult> RunAsync(ImportRecord import, Action<ImportProgress> progress, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var file = await files.FindAsync(import.Tenant, import.FileId, ct)
            ?? throw new UnreadableFileException("file_not_found", "The file is not there any more.");
        await imports.BeginAsync(import, null, ct);
        var source = new ImportSource(token => files.OpenAsync(file, token), file.Size, options.Unpack);
        var backup = new BackupReader();
        var (counts, checkpoint) = (import.Counts, import.Checkpoint);
        await using (var stream = await source.OpenAsync(ct))
        {
            var (began, before) = (time.GetTimestamp(), 0L);
            var chunk = new List<BackupRow>(ChunkEvents);
            await foreach (var row in backup.ReadAsync(stream, ct).Where(row => row.Number > import.Checkpoint).WithCancellation(ct))
            {
                chunk.Add(row);
                if (chunk.Count < pace.Burst(ChunkEvents))
                    continue;
                var last = await DoAsync(chunk);
                chunk.Clear();
                await pace.RestAsync(began, before, ct);
                before = last;
                began = time.GetTimestamp();
            }
            if (chunk.Count > 0)
                await DoAsync(chunk);
        }

        var reportFile = await report.WriteAsync(import, ct);
        await imports.FinishAsync(import, reportFile?.Id, ct);
        var now = (await workspace.ChecksumAsync(import.Tenant, await workspace.PositionAsync(ct), ct)).ToString();
        var said = backup.Checksum.ToString();
        return new RestoreResult(
            import.Id, counts.Rows, counts.Created, counts.Existing, counts.Failed, reportFile?.Id, said, now, said == now, Math.Round(time.GetElapsedTime(started).TotalSeconds, 3));

        async Task<long> DoAsync(List<BackupRow> chunk)
        {
            var (taken, problems, position) = import.DryRun ? await CountAsync(import.Tenant, chunk, ct) : await TakeAsync(import.Tenant, chunk, ct);
            if (!await imports.AdvanceAsync(import, checkpoint, chunk[^1].Number, taken, problems, ct))
                throw new InvalidOperationException("Another worker goes on with this restore.");
            (counts, checkpoint) = (counts + taken, chunk[^1].Number);
            var rate = backup.Checksum.Count / Math.Max(0.001, time.GetElapsedTime(started).TotalSeconds);
            progress(new ImportProgress(counts.Rows, (long)(counts.Rows * (double)source.Size / Math.Max(1, source.Consumed)), $"{rate:N0} events/s"));
            return position;
        }
    }

    private async Task<(ImportCounts, List<(RowProblem, int, bool)>, long Position)> CountAsync(TenantId tenant, List<BackupRow> chunk, CancellationToken ct)
    {
        var (fresh, existing, problems) = await SortAsync(tenant, chunk, ct);
        return (new ImportCounts(fresh.Count, existing, 0, problems.Count, 0), problems, 0);
    }

    private async Task<(ImportCounts, List<(RowProblem, int, bool)>, long Position)> TakeAsync(TenantId tenant, List<BackupRow> chunk, CancellationToken ct)
    {
        var (fresh, existing, problems) = await SortAsync(tenant, chunk, ct);
        // Handed over in order without waiting in between: the appender is first come, first served, so order stays what it was.
        var appends = Units(tenant, fresh).Select(unit => appender.AppendAsync(unit, ct)).ToList();
        var position = 0L;
        foreach (var outcome in await Task.WhenAll(appends))
        {
            if (outcome is not AppendOutcome.Appended done)
                throw new InvalidOperationException($"Somebody else writes to the same streams: {outcome}.");
            position = Math.Max(position, done.Position);
        }
        await RaiseNumbersAsync(tenant, fresh, ct);
        return (new ImportCounts(fresh.Count, existing, 0, problems.Count, 0), problems, position);
    }

    /// <summary>Leaves out what is there already, and what cannot follow what is there.</summary>
    private async Task<(List<BackupLine> Fresh, long Existing, List<(RowProblem, int, bool)> Problems)> SortAsync(TenantId tenant, List<BackupRow> chunk, CancellationToken ct)
    {
        var versions = await VersionsAsync(tenant, [.. chunk.Select(static row => row.Event?.StreamId).OfType<Guid>().Distinct()], ct);
        var fresh = new List<BackupLine>(chunk.Count);
        var existing = 0L;
        var problems = new List<(RowProblem, int, bool)>();
        foreach (var row in chunk)
        {
            if (row.Event is not { } line)
            {
                Refuse(row, "broken_line", row.Problem!);
                continue;
            }
            var at = versions.GetValueOrDefault(line.StreamId);
            if (line.Version <= at)
            {
                existing++;
            }
            else if (line.Version > at + 1)
            {
                Refuse(row, "gap", $"Version {line.Version} of stream {line.StreamId} cannot follow version {at}: an event before it is missing.");
            }
            else
            {
                fresh.Add(line);
                versions[line.StreamId] = line.Version;
            }
        }
        return (fresh, existing, problems);

        void Refuse(BackupRow row, string code, string detail) => problems.Add((new RowProblem(row.Number, row.Number, null, code, detail), 0, true));
    }

    /// <summary>Units that keep the order of all events: a stream that comes up again begins the next one.</summary>
    private static IEnumerable<UnitOfWork> Units(TenantId tenant, List<BackupLine> lines)
    {
        var streams = new List<StreamAppend>();
        var started = new HashSet<Guid>();
        var bytes = 0;
        for (var i = 0; i < lines.Count;)
        {
            var first = lines[i];
            var run = new List<object>();
            var size = 0;
            while (i < lines.Count && lines[i].StreamId == first.StreamId && size < UnitBytes)
            {
                size += lines[i].Data.Length + 1_000;
                run.Add(lines[i++].ToEvent());
            }
            if (!started.Add(first.StreamId) || streams.Count == UnitOfWork.MaxStreams || bytes + size > UnitBytes)
            {
                if (streams.Count > 0)
                    yield return new UnitOfWork(tenant, streams);
                (streams, started, bytes) = ([], [first.StreamId], 0);
            }
            streams.Add(new StreamAppend(first.StreamId, first.StreamType, ExpectedVersion.Exactly(first.Version - 1), run));
            bytes += size;
        }
        if (streams.Count > 0)
            yield return new UnitOfWork(tenant, streams);
    }

    private async Task RaiseNumbersAsync(TenantId tenant, List<BackupLine> lines, CancellationToken ct)
    {
        var highest = new Dictionary<Guid, long>();
        foreach (var line in lines.Where(static l => l.Type == "task_created"))
        {
            using var task = JsonDocument.Parse(line.Data);
            var project = task.RootElement.GetProperty("projectId"u8).GetGuid();
            highest[project] = Math.Max(highest.GetValueOrDefault(project), task.RootElement.GetProperty("number"u8).GetInt64());
        }
        foreach (var (project, number) in highest)
            await numbers.RaiseAsync(tenant, project, number, ct);
    }

    private const string VersionsSql =
        """
        select id, version
        from mt_streams
        where tenant_id = $1 and id = any ($2)
        """;

    private async Task<Dictionary<Guid, long>> VersionsAsync(TenantId tenant, Guid[] streams, CancellationToken ct)
    {
        await using var command = database.CreateCommand(VersionsSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = streams });
        var versions = new Dictionary<Guid, long>(streams.Length);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            versions[reader.GetGuid(0)] = reader.GetInt64(1);
        return versions;
    }
}
