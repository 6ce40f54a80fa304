using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskList;

/// <param name="Item">The list row, UTF-8 JSON; null: it is in no list any more.</param>
public sealed record TaskRow(Guid Id, Guid ProjectId, byte[]? Item);

/// <summary>The rows of these tasks as they are now: what live screens are patched with.</summary>
public sealed class TaskRowsQuery(TenantReads reads)
{
    private const string RowsSql =
        """
        select t.task_id, t.project_id, case when t.archived or t.deleted then null else t.item end
        from task_list t
        where t.tenant_id = $1
          and t.task_id = any ($2)
        """;

    internal static IEnumerable<string> Statements => [RowsSql];

    public async Task<IReadOnlyList<TaskRow>> FindAsync(TenantId tenant, IReadOnlyCollection<Guid> ids, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), RowsSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. ids] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<TaskRow>(ids.Count);
        while (await reader.ReadAsync(ct))
            rows.Add(new TaskRow(reader.GetGuid(0), reader.GetGuid(1), await reader.IsDBNullAsync(2, ct) ? null : await reader.GetFieldValueAsync<byte[]>(2, ct)));
        return rows;
    }
}
