using System.Globalization;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskHistory;

/// <summary>What happened to a task, newest first.</summary>
public sealed class TaskHistoryQuery(TenantReads reads)
{
    public const string Projection = "TaskDetail";

    private const string PageSql =
        """
        select string_agg(n.item, ',') filter (where n.number <= $4), count(*)::int, min(n.version) filter (where n.number <= $4),
               (select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskDetail')
        from (select r.*, row_number() over () as number
              from (select t.item, t.version
                    from task_history t
                    where t.tenant_id = $1 and t.task_id = $2 and t.version < $3
                    order by t.version desc
                    limit $4 + 1) r) n
        """;

    internal static IEnumerable<string> Statements => [PageSql];

    /// <param name="beforeVersion">Null: from the latest.</param>
    /// <param name="limit">1 to 200.</param>
    public async Task<QueryPage> RunAsync(TenantId tenant, Guid taskId, long? beforeVersion, int limit, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), PageSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = taskId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = beforeVersion ?? long.MaxValue });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var count = reader.GetInt32(1);
        return new QueryPage(
            reader.IsDBNull(0) ? default : reader.GetFieldValue<byte[]>(0),
            Math.Min(count, limit),
            count > limit ? new KeysetCursor(reader.GetInt64(2).ToString(CultureInfo.InvariantCulture), taskId) : null,
            reader.IsDBNull(3) ? 0 : reader.GetInt64(3));
    }
}
