using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Workers.Imports.Running;

/// <param name="ImportId">The import that made it; null when no import did.</param>
/// <param name="Undone">An undo has deleted it.</param>
internal sealed record KnownTask(Guid? ImportId, long Row, bool Undone);

/// <param name="Version">Of the task right after it was made.</param>
internal sealed record MadeTask(Guid TaskId, long Row, Guid? ParentId, long Version);

/// <summary>Which import made which task.</summary>
internal sealed class ImportRows(NpgsqlDataSource database)
{
    private const string KnownSql =
        """
        select s.id, r.import_id, coalesce(r.row_number, 0), coalesce(r.undone, false)
        from mt_streams s
        left join import_rows r on r.tenant_id = s.tenant_id and r.task_id = s.id
        where s.tenant_id = $1 and s.id = any ($2)
        """;

    /// <summary>Those of the tasks that exist.</summary>
    public async Task<Dictionary<Guid, KnownTask>> KnownAsync(TenantId tenant, Guid[] tasks, CancellationToken ct)
    {
        await using var command = database.CreateCommand(KnownSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = tasks });
        var known = new Dictionary<Guid, KnownTask>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            known[reader.GetGuid(0)] = new KnownTask(await reader.IsDBNullAsync(1, ct) ? null : reader.GetGuid(1), reader.GetInt64(2), reader.GetBoolean(3));
        return known;
    }

    private const string ClaimSql =
        """
        insert into import_rows as r (tenant_id, task_id, import_id, row_number, parent_id, version)
        select $1, c.task_id, $2, c.row_number, c.parent_id, c.version
        from unnest($3, $4, $5, $6) as c (task_id, row_number, parent_id, version)
        on conflict (tenant_id, task_id) do update
        set import_id = excluded.import_id, row_number = excluded.row_number, parent_id = excluded.parent_id, version = excluded.version, undone = false
        """;

    /// <summary>Writes down that this import makes the tasks, before it does: whatever happens after, an undo finds them.</summary>
    /// <remarks>The append that follows flushes this to disk with itself: it comes later in the same log.</remarks>
    public async Task ClaimAsync(TenantId tenant, Guid importId, IReadOnlyCollection<MadeTask> tasks, CancellationToken ct)
    {
        await using var batch = RelaxedCommit.Batch(database, ClaimSql);
        var command = batch.BatchCommands[^1];
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = importId });
        command.Parameters.Add(new() { Value = tasks.Select(static t => t.TaskId).ToArray() });
        command.Parameters.Add(new() { Value = tasks.Select(static t => t.Row).ToArray() });
        command.Parameters.Add(new() { Value = tasks.Select(static t => t.ParentId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = tasks.Select(static t => t.Version).ToArray() });
        await batch.ExecuteNonQueryAsync(ct);
    }

    private const string PageSql =
        """
        select task_id, row_number, parent_id, version
        from import_rows
        where tenant_id = $1 and import_id = $2 and row_number > $3 and not undone and (not $4 or parent_id is not null)
        order by row_number
        limit $5
        """;

    /// <summary>The import's tasks that no undo has deleted, in the order of the file.</summary>
    public async Task<IReadOnlyList<MadeTask>> PageAsync(TenantId tenant, Guid importId, long afterRow, bool withParent, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(PageSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = importId });
        command.Parameters.Add(new() { Value = afterRow });
        command.Parameters.Add(new() { Value = withParent });
        command.Parameters.Add(new() { Value = limit });
        var page = new List<MadeTask>(limit);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            page.Add(new MadeTask(reader.GetGuid(0), reader.GetInt64(1), await reader.IsDBNullAsync(2, ct) ? null : reader.GetGuid(2), reader.GetInt64(3)));
        return page;
    }

    private const string VersionSql =
        """
        update import_rows
        set version = $3
        where tenant_id = $1 and task_id = $2
        """;

    /// <summary>The import itself changed the task once more.</summary>
    public async Task ChangedAsync(TenantId tenant, Guid task, long version, CancellationToken ct)
    {
        await using var command = database.CreateCommand(VersionSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = task });
        command.Parameters.Add(new() { Value = version });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string UndoneSql =
        """
        update import_rows
        set undone = true
        where tenant_id = $1 and task_id = any ($2)
        """;

    public async Task UndoneAsync(TenantId tenant, Guid[] tasks, CancellationToken ct)
    {
        await using var command = database.CreateCommand(UndoneSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = tasks });
        await command.ExecuteNonQueryAsync(ct);
    }
}
