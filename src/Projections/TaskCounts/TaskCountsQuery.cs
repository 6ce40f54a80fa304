using System.Text.Json;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskList;
using Events.Commands.Tasks;
using Npgsql;

namespace Events.Projections.TaskCounts;

/// <summary>Counts of tasks that are neither archived nor deleted; each answer reads a handful of rows, however many tasks there are.</summary>
public sealed class TaskCountsQuery(NpgsqlDataSource dataSource)
{
    public const string Projection = "TaskCounts";

    /// <summary>Longest span of a flow, in days.</summary>
    public const int MostDays = 366;

    private const string PositionSql =
        "(select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskCounts')";

    // One row always comes back, for the position.
    private const string ByStatusSql =
        $"""
        select coalesce(array_agg(t.status), '{"{}"}'), coalesce(array_agg(t.tasks), '{"{}"}'), {PositionSql}
        from task_tallies t
        where t.tenant_id = $1 and t.kind = $2 and t.subject = $3
        """;

    /// <summary><c>{"tasks": {"backlog": 0, …}, "open": 0, "total": 0}</c> of the whole workspace.</summary>
    public Task<QueryDocument> WorkspaceAsync(TenantId tenant, CancellationToken ct) => ByStatusAsync(tenant, TallyKind.Workspace, Guid.Empty, ct);

    /// <summary>The same of one project.</summary>
    public Task<QueryDocument> ProjectAsync(TenantId tenant, Guid projectId, CancellationToken ct) => ByStatusAsync(tenant, TallyKind.Project, projectId, ct);

    private async Task<QueryDocument> ByStatusAsync(TenantId tenant, TallyKind kind, Guid subject, CancellationToken ct)
    {
        await using var command = Command(ByStatusSql, tenant, kind, subject);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var counts = Counts(reader);
        return Document(reader.IsDBNull(2) ? 0 : reader.GetInt64(2), counts, static (json, counts) =>
        {
            json.WriteStartObject();
            WriteCounts(json, "tasks", counts);
            json.WriteNumber("open"u8, counts[0] + counts[1] + counts[2] + counts[3]);
            json.WriteNumber("total"u8, counts.Sum());
            json.WriteEndObject();
        });
    }

    private const string DueSql =
        $"""
        select coalesce(sum(t.tasks) filter (where t.day < $3), 0)::bigint, coalesce(sum(t.tasks) filter (where t.day = $3), 0)::bigint,
               coalesce(sum(t.tasks) filter (where t.day between $3 and $3 + 6), 0)::bigint
        from task_tallies t
        where t.tenant_id = $1 and t.kind = 3 and t.subject = $2 and t.day <= $3 + 6
        """;

    /// <summary>What is on a person's desk: <c>{"assigned": {"backlog": 0, …}, "open": 0, "overdue": 0, "dueToday": 0, "dueThisWeek": 0}</c>.</summary>
    /// <param name="today">In the person's own time zone; the week is today and the six days after it.</param>
    public async Task<QueryDocument> PersonAsync(TenantId tenant, Guid personId, DateOnly today, CancellationToken ct)
    {
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ByStatusSql)
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) },
                new NpgsqlParameter<short> { TypedValue = (short)TallyKind.Person },
                new NpgsqlParameter<Guid> { TypedValue = personId },
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(DueSql)
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) },
                new NpgsqlParameter<Guid> { TypedValue = personId },
                new NpgsqlParameter<DateOnly> { TypedValue = today },
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var counts = Counts(reader);
        var position = reader.IsDBNull(2) ? 0 : reader.GetInt64(2);
        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        var due = (Overdue: reader.GetInt64(0), Today: reader.GetInt64(1), Week: reader.GetInt64(2));
        return Document(position, (counts, due), static (json, found) =>
        {
            json.WriteStartObject();
            WriteCounts(json, "assigned", found.counts);
            json.WriteNumber("open"u8, found.counts.Sum());
            json.WriteNumber("overdue"u8, found.due.Overdue);
            json.WriteNumber("dueToday"u8, found.due.Today);
            json.WriteNumber("dueThisWeek"u8, found.due.Week);
            json.WriteEndObject();
        });
    }

    private const string FlowSql =
        $"""
        select greatest(t.day, $4), t.status, sum(t.tasks)::bigint, null::bigint
        from task_tallies t
        where t.tenant_id = $1 and t.kind = $2 and t.subject = $3 and t.day <= $5
        group by greatest(t.day, $4), t.status
        union all
        select null, null, null, {PositionSql}
        """;

    /// <summary>How many tasks were in each status at the end of each day (UTC): <c>{"days": [{"day": "2026-01-31", "backlog": 0, …}]}</c>.</summary>
    /// <param name="projectId">Null: the whole workspace.</param>
    /// <exception cref="ArgumentOutOfRangeException">The span is empty or longer than <see cref="MostDays"/>.</exception>
    public async Task<QueryDocument> FlowAsync(TenantId tenant, Guid? projectId, DateOnly from, DateOnly to, CancellationToken ct)
    {
        var days = to.DayNumber - from.DayNumber + 1;
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1, nameof(to));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(days, MostDays, nameof(to));
        await using var command = Command(FlowSql, tenant, projectId is null ? TallyKind.WorkspaceDay : TallyKind.ProjectDay, projectId ?? Guid.Empty);
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = to });
        var changes = new long[days, 6];
        long position = 0;
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                if (reader.IsDBNull(0))
                    position = reader.IsDBNull(3) ? 0 : reader.GetInt64(3);
                else
                    changes[reader.GetFieldValue<DateOnly>(0).DayNumber - from.DayNumber, reader.GetInt16(1)] = reader.GetInt64(2);
            }
        }

        return Document(position, (from, days, changes), static (json, flow) =>
        {
            var counts = new long[6];
            json.WriteStartObject();
            json.WriteStartArray("days"u8);
            for (var day = 0; day < flow.days; day++)
            {
                json.WriteStartObject();
                TaskListItem.WriteDate(json, "day"u8, flow.from.AddDays(day));
                for (var status = 0; status < counts.Length; status++)
                    json.WriteNumber(TaskListItem.Name((WorkStatus)status), counts[status] += flow.changes[day, status]);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    internal static IEnumerable<string> Statements => [ByStatusSql, DueSql, FlowSql];

    private NpgsqlCommand Command(string sql, TenantId tenant, TallyKind kind, Guid subject)
    {
        var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)kind });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = subject });
        return command;
    }

    private static long[] Counts(NpgsqlDataReader reader)
    {
        var counts = new long[6];
        foreach (var (status, tasks) in reader.GetFieldValue<short[]>(0).Zip(reader.GetFieldValue<long[]>(1)))
            counts[status] = tasks;
        return counts;
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, long[] counts)
    {
        json.WriteStartObject(name);
        for (var status = 0; status < counts.Length; status++)
            json.WriteNumber(TaskListItem.Name((WorkStatus)status), counts[status]);
        json.WriteEndObject();
    }

    private static QueryDocument Document<T>(long position, T found, Action<Utf8JsonWriter, T> write)
    {
        using var renderer = new JsonRenderer();
        return new QueryDocument(renderer.Render(found, (row, json) => write(json, row)).ToArray(), position, position);
    }
}
