using System.Globalization;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskDetail;

/// <summary>What a task is to others, and what others are to it.</summary>
public sealed class TaskLinksQuery(TenantReads reads)
{
    /// <summary>Links that a page looks at, shown or not.</summary>
    public const int MostScanned = 200;

    // Behind the last of a direction.
    private static readonly (short Kind, Guid Other) End = (short.MaxValue, Guid.AllBitsSet);
    private static readonly (short Kind, Guid Other) Start = (-1, Guid.Empty);
    private static readonly JsonEncodedText[] Kinds = [JsonEncodedText.Encode("blocks"), JsonEncodedText.Encode("relates"), JsonEncodedText.Encode("duplicates")];

    // $3 and $4: behind which of its own links the page begins, $5 and $6 behind which of the others'. Either index gives its part in
    // order, and no more of it than is looked at.
    private const string PageSql =
        """
        with found as materialized (
            select *
            from ((select 0::smallint as direction, l.kind, l.other_task_id as task_id
                   from task_links l
                   where l.tenant_id = $1 and l.task_id = $2 and (l.kind, l.other_task_id) > ($3, $4)
                   order by l.kind, l.other_task_id
                   limit $7)
                  union all
                  (select 1::smallint, l.kind, l.task_id
                   from task_links l
                   where l.tenant_id = $1 and l.other_task_id = $2 and (l.kind, l.task_id) > ($5, $6)
                   order by l.kind, l.task_id
                   limit $7)) b
            order by b.direction, b.kind, b.task_id
            limit $7)
        select f.direction, f.kind, f.task_id, t.item,
               (select min(p.last_seq_id) from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection in ('TaskDetail', 'TaskList'))
        from (select) k
        left join found f on true
        left join task_list t on t.tenant_id = $1 and t.task_id = f.task_id and not t.deleted and t.project_id <> all ($8)
        order by f.direction, f.kind, f.task_id
        """;

    internal static IEnumerable<string> Statements => [PageSql];

    /// <summary>
    /// Its own links before the others', by kind: <c>{kind, direction, task}</c>, the task as lists show it. Links to and from tasks that
    /// are deleted or hidden are left out; where there are many, a page holds fewer items than asked for and has a next one.
    /// </summary>
    /// <param name="hiddenProjects">Whose tasks the asker must not learn of.</param>
    /// <param name="limit">1 to 200.</param>
    public async Task<QueryPage> RunAsync(TenantId tenant, Guid taskId, IReadOnlyCollection<Guid> hiddenProjects, KeysetCursor? after, int limit, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var (own, others) = Behind(after);
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), PageSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = taskId });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = own.Kind });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = own.Other });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = others.Kind });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = others.Other });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = MostScanned + 1 });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hiddenProjects] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await PageAsync(reader, limit, ct);
    }

    private static async Task<QueryPage> PageAsync(NpgsqlDataReader reader, int limit, CancellationToken ct)
    {
        using var renderer = new JsonRenderer();
        var items = new ItemWriter();
        KeysetCursor? next = null;
        var (position, scanned) = (0L, 0);
        while (await reader.ReadAsync(ct))
        {
            position = reader.IsDBNull(4) ? 0 : reader.GetInt64(4);
            if (reader.IsDBNull(0))
                break;
            if (items.Count == limit || scanned++ == MostScanned)
                return new QueryPage(items.Written, items.Count, next, position);
            var (direction, kind) = (reader.GetInt16(0), reader.GetInt16(1));
            if (!reader.IsDBNull(3))
                items.Add(renderer.Render((direction, kind, reader.GetFieldValue<byte[]>(3)), Write));
            next = new KeysetCursor(string.Create(CultureInfo.InvariantCulture, $"{direction}:{kind}"), reader.GetGuid(2));
        }

        return new QueryPage(items.Written, items.Count, Next: null, position);
    }

    private static void Write((short Direction, short Kind, byte[] Task) link, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind"u8, Kinds[link.Kind]);
        json.WriteString("direction"u8, link.Direction == 0 ? "out"u8 : "in"u8);
        json.WritePropertyName("task"u8);
        json.WriteRawValue(link.Task, skipInputValidation: true);
        json.WriteEndObject();
    }

    private static ((short Kind, Guid Other) Own, (short Kind, Guid Other) Others) Behind(KeysetCursor? after)
    {
        if (after is null)
            return (Start, Start);
        var kind = short.Parse(after.Value.AsSpan(2), CultureInfo.InvariantCulture);
        return after.Value[0] == '0' ? ((kind, after.Id), Start) : (End, (kind, after.Id));
    }
}
