using System.Text.Json;
using Events.Platform.Tenancy;
using Events.Workers.Imports.Reading;
using Npgsql;
using NpgsqlTypes;

namespace Events.Workers.Imports.Running;

/// <summary>The table of imports and of their problems.</summary>
public sealed class ImportTable(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Problems kept of one import; the rest is only counted.</summary>
    public const int MaxProblems = 100_000;

    private const string AddSql =
        """
        insert into imports (tenant_id, id, file_id, file_name, format, source, project_id, mapping, dry_run, requested_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (tenant_id, id) do nothing
        """;

    public async Task AddAsync(ImportRecord import, CancellationToken ct)
    {
        await using var command = database.CreateCommand(AddSql);
        Add(command, import.Tenant, import.Id);
        command.Parameters.Add(new() { Value = import.FileId });
        command.Parameters.Add(new() { Value = import.FileName });
        command.Parameters.Add(new() { Value = import.Format });
        command.Parameters.Add(new() { Value = import.Source });
        command.Parameters.Add(new() { Value = (object?)import.ProjectId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = JsonSerializer.SerializeToUtf8Bytes(import.Mapping, ImportJson.Default.ImportMapping), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = import.DryRun });
        command.Parameters.Add(new() { Value = import.RequestedBy });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string FindSql =
        """
        select file_id, file_name, format, source, project_id, mapping, dry_run, requested_by, checkpoint, created, existing, restored, failed, warned,
               report_file_id, finished_at, undo_id, undo_checkpoint, undone, kept
        from imports
        where tenant_id = $1 and id = $2
        """;

    public async Task<ImportRecord?> FindAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        Add(command, tenant, id);
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct))
            return null;
        return new ImportRecord(
            tenant,
            id,
            reader.GetGuid(0),
            reader.GetString(1),
            reader.GetString(2),
            reader.GetString(3),
            Optional<Guid>(reader, 4),
            JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(5), ImportJson.Default.ImportMapping)!,
            reader.GetBoolean(6),
            reader.GetString(7))
        {
            Checkpoint = reader.GetInt64(8),
            Counts = new ImportCounts(reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11), reader.GetInt64(12), reader.GetInt64(13)),
            ReportFileId = Optional<Guid>(reader, 14),
            FinishedAt = Optional<DateTime>(reader, 15) is { } finished ? new DateTimeOffset(finished, TimeSpan.Zero) : null,
            UndoId = Optional<Guid>(reader, 16),
            UndoCheckpoint = reader.GetInt64(17),
            Undone = reader.GetInt64(18),
            Kept = reader.GetInt64(19),
        };
    }

    private const string BeginSql =
        """
        update imports
        set project_id = $3, started_at = coalesce(started_at, $4)
        where tenant_id = $1 and id = $2
        """;

    public async Task BeginAsync(ImportRecord import, Guid? projectId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(BeginSql);
        Add(command, import.Tenant, import.Id);
        command.Parameters.Add(new() { Value = (object?)projectId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = time.GetUtcNow().UtcDateTime });
        await command.ExecuteNonQueryAsync(ct);
    }

    // The checkpoint moves only from where this worker left it: a worker that was thought dead and is not cannot count twice.
    private const string AdvanceSql =
        """
        with moved as (
            update imports
            set checkpoint = $4, created = created + $5, existing = existing + $6, restored = restored + $7, failed = failed + $8, warned = warned + $9
            where tenant_id = $1 and id = $2 and checkpoint = $3
            returning id)
        , told as (
            insert into import_problems (tenant_id, import_id, row_number, ordinal, fatal, line, column_name, code, detail)
            select $1, moved.id, p.row_number, p.ordinal, p.fatal, p.line, p.column_name, p.code, p.detail
            from moved, unnest($10, $11, $12, $13, $14, $15, $16) as p (row_number, ordinal, fatal, line, column_name, code, detail)
            on conflict do nothing)
        select count(*) from moved
        """;

    /// <summary>Stores the outcome of the rows after <paramref name="from"/> up to <paramref name="to"/>.</summary>
    /// <remarks>Not waited for to be on disk: rows whose outcome a crash of the database takes back are found there and counted again.</remarks>
    /// <returns>False when another worker has moved the checkpoint meanwhile.</returns>
    public async Task<bool> AdvanceAsync(
        ImportRecord import, long from, long to, ImportCounts counts, IReadOnlyList<(RowProblem Problem, int Ordinal, bool Fatal)> problems, CancellationToken ct)
    {
        await using var batch = RelaxedCommit.Batch(database, AdvanceSql);
        var command = batch.BatchCommands[^1];
        command.Parameters.Add(new() { Value = import.Tenant.Value });
        command.Parameters.Add(new() { Value = import.Id });
        foreach (var number in (ReadOnlySpan<long>)[from, to, counts.Created, counts.Existing, counts.Restored, counts.Failed, counts.Warned])
            command.Parameters.Add(new() { Value = number });
        command.Parameters.Add(Array(problems.Select(static p => p.Problem.Row), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(problems.Select(static p => p.Ordinal), NpgsqlDbType.Integer));
        command.Parameters.Add(Array(problems.Select(static p => p.Fatal), NpgsqlDbType.Boolean));
        command.Parameters.Add(Array(problems.Select(static p => p.Problem.Line), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(problems.Select(static p => p.Problem.Column is null ? null : ImportFit.Clean(p.Problem.Column)), NpgsqlDbType.Varchar));
        command.Parameters.Add(Array(problems.Select(static p => p.Problem.Code), NpgsqlDbType.Varchar));
        command.Parameters.Add(Array(problems.Select(static p => ImportFit.Clean(p.Problem.Detail)), NpgsqlDbType.Varchar));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        return reader.GetInt64(0) == 1;
    }

    private const string FinishSql =
        """
        update imports
        set report_file_id = $3, finished_at = $4
        where tenant_id = $1 and id = $2
        """;

    public async Task FinishAsync(ImportRecord import, Guid? reportFileId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FinishSql);
        Add(command, import.Tenant, import.Id);
        command.Parameters.Add(new() { Value = (object?)reportFileId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = time.GetUtcNow().UtcDateTime });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string ProblemsSql =
        """
        select row_number, ordinal, fatal, line, column_name, code, detail
        from import_problems
        where tenant_id = $1 and import_id = $2 and (row_number, ordinal) > ($3, $4)
        order by row_number, ordinal
        limit 1000
        """;

    /// <summary>A page of problems in the order of the file.</summary>
    public async Task<IReadOnlyList<(RowProblem Problem, int Ordinal, bool Fatal)>> ProblemsAsync(
        TenantId tenant, Guid id, long afterRow, int afterOrdinal, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ProblemsSql);
        Add(command, tenant, id);
        command.Parameters.Add(new() { Value = afterRow });
        command.Parameters.Add(new() { Value = afterOrdinal });
        var page = new List<(RowProblem, int, bool)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            page.Add((
                new RowProblem(
                    reader.GetInt64(0),
                    Optional<long>(reader, 3),
                    reader.IsDBNull(4) ? null : reader.GetString(4),
                    reader.GetString(5),
                    reader.GetString(6)),
                reader.GetInt32(1),
                reader.GetBoolean(2)));
        }
        return page;
    }

    private const string BeginUndoSql =
        """
        update imports
        set undo_id = $3, undo_checkpoint = case when undo_id = $3 then undo_checkpoint else 0 end,
            undone = case when undo_id = $3 then undone else 0 end, kept = case when undo_id = $3 then kept else 0 end
        where tenant_id = $1 and id = $2
        """;

    /// <summary>An undo that is taken over goes on; a new one begins at the first row.</summary>
    public async Task BeginUndoAsync(TenantId tenant, Guid id, Guid undoId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(BeginUndoSql);
        Add(command, tenant, id);
        command.Parameters.Add(new() { Value = undoId });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string AdvanceUndoSql =
        """
        update imports
        set undo_checkpoint = $4, undone = undone + $5, kept = kept + $6
        where tenant_id = $1 and id = $2 and undo_checkpoint = $3
        """;

    public async Task<bool> AdvanceUndoAsync(ImportRecord import, long from, long to, long undone, long kept, CancellationToken ct)
    {
        await using var command = database.CreateCommand(AdvanceUndoSql);
        Add(command, import.Tenant, import.Id);
        foreach (var number in (ReadOnlySpan<long>)[from, to, undone, kept])
            command.Parameters.Add(new() { Value = number });
        return await command.ExecuteNonQueryAsync(ct) == 1;
    }

    private static void Add(NpgsqlCommand command, TenantId tenant, Guid id)
    {
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = id });
    }

    private static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType element) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | element };

    private static T? Optional<T>(NpgsqlDataReader reader, int column)
        where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);
}
