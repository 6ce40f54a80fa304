using System.Collections.Frozen;
using System.Globalization;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.ProjectList;

public enum ProjectListOrder
{
    Key,
    Name,
    Created,
}

/// <summary>A workspace's projects with how many tasks they have, and one of them.</summary>
public sealed class ProjectListQuery(TenantReads reads)
{
    public const string Projection = "ProjectList";

    // Highest and lowest text byte by byte, for a page without a cursor.
    private const string LastText = "\U0010FFFF\U0010FFFF";

    // The counts are another view's; both follow in one transaction, and a page tells the position that both have reached.
    private const string PagePosition = "(select min(p.last_seq_id) from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection in ('ProjectList', 'TaskCounts'))";

    private const string Position = "(select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'ProjectList')";

    // Put together once from constants: an order is a column, a direction is a comparison.
    private static readonly FrozenDictionary<(ProjectListOrder, bool), string> Pages =
        (from order in Enum.GetValues<ProjectListOrder>()
         from backwards in new[] { false, true }
         select KeyValuePair.Create((order, backwards), Compose(order, backwards))).ToFrozenDictionary();

    private static string Compose(ProjectListOrder order, bool descending)
    {
        var column = order switch { ProjectListOrder.Key => "t.key", ProjectListOrder.Name => "lower(t.name)", _ => "t.created_at" };
        var direction = descending ? "desc" : "asc";
        return
            $"""
            select string_agg(left(n.item, -1) || c.counts, ',' order by n.number) filter (where n.number <= $5), count(*)::int,
                   (array_agg(n.sort_key) filter (where n.number = $5))[1], (array_agg(n.project_id) filter (where n.number = $5))[1],
                   {PagePosition}
            from (select r.*, row_number() over () as number
                  from (select t.item, {column} as sort_key, t.project_id
                        from project_list t
                        where t.tenant_id = $1 and t.archived = $2 and ({column}, t.project_id) {(descending ? '<' : '>')} ($3, $4)
                          and t.project_id <> all ($6::uuid[])
                        order by {column} {direction}, t.project_id {direction}
                        limit $5 + 1) r) n
            cross join lateral (
                select format(
                    ',"taskCounts":{"{"}"backlog":%s,"todo":%s,"in_progress":%s,"in_review":%s,"done":%s,"cancelled":%s{"}}"}',
                    coalesce(sum(y.tasks) filter (where y.status = 0), 0), coalesce(sum(y.tasks) filter (where y.status = 1), 0), coalesce(sum(y.tasks) filter (where y.status = 2), 0),
                    coalesce(sum(y.tasks) filter (where y.status = 3), 0), coalesce(sum(y.tasks) filter (where y.status = 4), 0), coalesce(sum(y.tasks) filter (where y.status = 5), 0)) as counts
                from task_tallies y
                where y.tenant_id = $1 and y.kind = 1 and y.subject = n.project_id) c
            """;
    }

    internal static IEnumerable<string> Statements => [.. Pages.Values, OneSql];

    /// <param name="archived">The archived ones, or those that are not.</param>
    /// <param name="limit">1 to 200.</param>
    /// <param name="hidden">Projects that the caller must not learn of.</param>
    /// <exception cref="FormatException">The cursor is of another order.</exception>
    public async Task<QueryPage> RunAsync(TenantId tenant, bool archived, ProjectListOrder order, bool descending, KeysetCursor? after, int limit, CancellationToken ct, IReadOnlyList<Guid>? hidden = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), Pages[(order, descending)]);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = archived });
        command.Parameters.Add(order == ProjectListOrder.Created
            ? new NpgsqlParameter<DateTime> { TypedValue = KeysetCursor.MomentOf(after, descending), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz }
            : new NpgsqlParameter<string> { TypedValue = after?.Value ?? (descending ? LastText : "") });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after?.Id ?? (descending ? Guid.AllBitsSet : Guid.Empty) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hidden ?? []] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var count = reader.GetInt32(1);
        return new QueryPage(
            reader.IsDBNull(0) ? default : reader.GetFieldValue<byte[]>(0),
            Math.Min(count, limit),
            count > limit ? new KeysetCursor(Key(reader, order), reader.GetGuid(3)) : null,
            reader.IsDBNull(4) ? 0 : reader.GetInt64(4));
    }

    private static string Key(NpgsqlDataReader reader, ProjectListOrder order) => order == ProjectListOrder.Created
        ? reader.GetDateTime(2).Ticks.ToString(CultureInfo.InvariantCulture)
        : reader.GetString(2);

    private const string OneSql =
        $"""
        select t.item, t.version, {Position}
        from (select $1::uuid as tenant_id, $2::uuid as project_id) k
        left join project_list t on t.tenant_id = k.tenant_id and t.project_id = k.project_id
        """;

    /// <summary>One project; a document with empty JSON when there is none, so that its position can be told all the same.</summary>
    public async Task<QueryDocument> FindAsync(TenantId tenant, Guid projectId, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), OneSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = projectId });
        return await QueryDocument.ReadAsync(command, ct);
    }
}
