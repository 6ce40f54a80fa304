using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskDetail;
using Npgsql;

namespace Events.Projections.TimeTravel;

/// <summary>What is different in a project's tasks between two moments: one line a task, in the order of their numbers.</summary>
public sealed class ProjectDiffQuery(TenantReads reads, PastEvents past)
{
    // Who changed it last and how often is not what is different about it.
    private static readonly string[] Incidental = ["version", "updatedAt", "updatedBy"];

    // A row always comes back, for the position.
    private const string TasksSql =
        """
        select t.task_id, t.number, (select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskList')
        from (values (0)) as one
        left join lateral (
            select c.task_id, c.number
            from task_list c
            where c.tenant_id = $1
              and c.project_id = $2
              and c.updated_at > $3
              and c.created_at <= $4
              and c.number > $5
            order by c.number
            limit $6 + 1) t on true
        order by t.number
        """;

    internal static IEnumerable<string> Statements => [TasksSql];

    /// <param name="afterNumber">0: from the first.</param>
    /// <param name="limit">1 to 200; a page may hold fewer lines and still have a next one.</param>
    public async Task<QueryPage> RunAsync(TenantId tenant, Guid projectId, DateTimeOffset from, DateTimeOffset to, long afterNumber, int limit, CancellationToken ct)
    {
        var (ids, next, position) = await TasksAsync(tenant, projectId, from, to, afterNumber, limit, ct);
        var lines = new SortedDictionary<long, JsonObject>();
        TaskDetailRow? row = null;
        JsonObject? before = null;
        var passed = false;
        await foreach (var recorded in past.ReadAsync(tenant, [.. ids], to, int.MaxValue, ct))
        {
            if (row?.Key.StreamId != recorded.StreamId)
            {
                Add(row, before);
                (row, before, passed) = (new TaskDetailRow { Key = new StreamKey(tenant, recorded.StreamId) }, null, false);
            }

            if (recorded.Timestamp > from && !passed)
            {
                passed = true;
                before = row.Document.Version > 0 ? Node(row) : null;
            }

            TaskDetailFold.Evolve(row, recorded);
            row.History.Clear();
        }

        Add(row, before);

        var items = new ItemWriter();
        foreach (var line in lines.Values)
            items.Add(JsonSerializer.SerializeToUtf8Bytes(line));
        return new QueryPage(items.Written, items.Count, next, position);

        void Add(TaskDetailRow? folded, JsonObject? then)
        {
            if (folded is not null && Line(folded, then) is { } line)
                lines[folded.Document.Number] = line;
        }
    }

    private async Task<(List<Guid> Ids, KeysetCursor? Next, long Position)> TasksAsync(
        TenantId tenant, Guid projectId, DateTimeOffset from, DateTimeOffset to, long afterNumber, int limit, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), TasksSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = projectId });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = from.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = to.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterNumber });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var ids = new List<Guid>();
        var (number, position) = (0L, 0L);
        while (await reader.ReadAsync(ct))
        {
            position = await reader.IsDBNullAsync(2, ct) ? 0 : reader.GetInt64(2);
            if (await reader.IsDBNullAsync(0, ct))
                break;
            if (ids.Count == limit)
                return (ids, new KeysetCursor(number.ToString(CultureInfo.InvariantCulture), ids[^1]), position);
            ids.Add(reader.GetGuid(0));
            number = reader.GetInt64(1);
        }

        return (ids, null, position);
    }

    private static JsonObject Node(TaskDetailRow row) => JsonSerializer.SerializeToNode(row.Document, TaskDocumentJson.Document)!.AsObject();

    /// <summary>null: nothing is different.</summary>
    private static JsonObject? Line(TaskDetailRow row, JsonObject? before)
    {
        var after = Node(row);
        var changes = new JsonArray();
        foreach (var (field, value) in after)
        {
            if (before is not null && !Incidental.Contains(field, StringComparer.Ordinal) && !JsonNode.DeepEquals(before[field], value))
                changes.Add((JsonNode)new JsonObject { ["field"] = field, ["from"] = before[field]?.DeepClone(), ["to"] = value?.DeepClone() });
        }

        if (before is not null && changes.Count == 0)
            return null;
        return new JsonObject
        {
            ["id"] = row.Document.Id,
            ["key"] = row.Document.Key,
            ["title"] = row.Document.Title,
            ["change"] = before is null ? "created" : (Flag(before), Flag(after)) switch { (false, true) => "deleted", (true, false) => "restored", _ => "changed" },
            ["changes"] = changes,
        };
    }

    private static bool Flag(JsonObject task) => (bool)task["deleted"]!;
}
