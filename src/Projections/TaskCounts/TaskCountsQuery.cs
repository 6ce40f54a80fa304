using System.Text.Json;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskList;
using Events.Commands.Tasks;
using Npgsql;

namespace Events.Projections.TaskCounts;

/// <summary>Counts of tasks that are neither archived nor deleted; each answer reads a handful of rows, however many tasks there are.</summary>
public sealed class TaskCountsQuery(TenantReads reads)
{
    public const string Projection = "TaskCounts";

    /// <summary>Longest span of a flow, in days.</summary>
    public const int MostDays = 366;

    private const string PositionSql =
        "(select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskCounts')";

    // One row always comes back, for the position. What is in hidden projects ($4) is taken out of the whole.
    private const string ByStatusSql =
        $"""
        select coalesce(array_agg(c.status), '{"{}"}'), coalesce(array_agg(c.tasks), '{"{}"}'), {PositionSql}
        from (
            select s.status, sum(s.tasks)::bigint as tasks
            from (
                select t.status, t.tasks
                from task_tallies t
                where t.tenant_id = $1 and t.kind = $2 and t.subject = $3
                union all
                select h.status, -h.tasks
                from task_tallies h
                where h.tenant_id = $1 and h.kind = 1 and h.subject = any ($4)) s
            group by s.status) c
        """;

    /// <summary><c>{"tasks": {"backlog": 0, …}, "open": 0, "total": 0}</c> of the whole workspace.</summary>
    /// <param name="hidden">Projects that the asker must not learn of: their tasks are not counted.</param>
    public Task<QueryDocument> WorkspaceAsync(TenantId tenant, IReadOnlyList<Guid> hidden, CancellationToken ct) =>
        ByStatusAsync(tenant, TallyKind.Workspace, Guid.Empty, hidden, ct);

    /// <summary>The same of one project.</summary>
    public Task<QueryDocument> ProjectAsync(TenantId tenant, Guid projectId, CancellationToken ct) => ByStatusAsync(tenant, TallyKind.Project, projectId, [], ct);

    private async Task<QueryDocument> ByStatusAsync(TenantId tenant, TallyKind kind, Guid subject, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        await using var command = Command(ByStatusSql, tenant, kind, subject);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hidden] });
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

    private const string PersonSql =
        $"""
        select coalesce(array_agg(t.status) filter (where t.kind = 2), '{"{}"}'), coalesce(array_agg(t.tasks) filter (where t.kind = 2), '{"{}"}'), {PositionSql},
               coalesce(sum(t.tasks) filter (where t.kind = 3 and t.day < $3), 0)::bigint,
               coalesce(sum(t.tasks) filter (where t.kind = 3 and t.day = $3), 0)::bigint,
               coalesce(sum(t.tasks) filter (where t.kind = 3 and t.day >= $3), 0)::bigint
        from task_tallies t
        where t.tenant_id = $1 and t.kind in (2, 3) and t.subject = $2 and t.day <= $3 + 6
        """;

    // People have no tallies by project: for the few from whom projects are hidden, their own open tasks are counted.
    private const string PersonPartSql =
        """
        select array[0, 1, 2, 3]::smallint[],
               array[count(*) filter (where t.status = 0), count(*) filter (where t.status = 1), count(*) filter (where t.status = 2), count(*) filter (where t.status = 3)],
               (select min(p.last_seq_id) from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection in ('TaskCounts', 'TaskList')),
               count(*) filter (where t.due_on < $3),
               count(*) filter (where t.due_on = $3),
               count(*) filter (where t.due_on between $3 and $3 + 6)
        from task_list t
        where t.tenant_id = $1 and t.assignee_id = $2 and not t.archived and not t.deleted
          and t.status < 4
          and t.project_id <> all ($4)
        """;

    /// <summary>What is on a person's desk: <c>{"assigned": {"backlog": 0, …}, "open": 0, "overdue": 0, "dueToday": 0, "dueThisWeek": 0}</c>.</summary>
    /// <param name="hidden">Projects that the asker must not learn of; with any, the answer reflects the task list too.</param>
    /// <param name="today">In the person's own time zone; the week is today and the six days after it.</param>
    public async Task<QueryDocument> PersonAsync(TenantId tenant, Guid personId, IReadOnlyList<Guid> hidden, DateOnly today, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), hidden.Count == 0 ? PersonSql : PersonPartSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = personId });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = today });
        if (hidden.Count > 0)
            command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hidden] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var counts = Counts(reader);
        var position = reader.IsDBNull(2) ? 0 : reader.GetInt64(2);
        var due = (Overdue: reader.GetInt64(3), Today: reader.GetInt64(4), Week: reader.GetInt64(5));
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
        select s.day, s.status, sum(s.tasks)::bigint, null::bigint
        from (
            select greatest(t.day, $4) as day, t.status, t.tasks
            from task_tallies t
            where t.tenant_id = $1 and t.kind = $2 and t.subject = $3 and t.day <= $5
            union all
            select greatest(h.day, $4), h.status, -h.tasks
            from task_tallies h
            where h.tenant_id = $1 and h.kind = 5 and h.subject = any ($6) and h.day <= $5) s
        group by s.day, s.status
        union all
        select null, null, null, {PositionSql}
        """;

    /// <summary>How many tasks were in each status at the end of each day (UTC): <c>{"days": [{"day": "2026-01-31", "backlog": 0, …}]}</c>.</summary>
    /// <param name="projectId">Null: the whole workspace.</param>
    /// <param name="hidden">Projects that the asker must not learn of: their tasks are not in the whole.</param>
    /// <exception cref="ArgumentOutOfRangeException">The span is empty or longer than <see cref="MostDays"/>.</exception>
    public async Task<QueryDocument> FlowAsync(TenantId tenant, Guid? projectId, IReadOnlyList<Guid> hidden, DateOnly from, DateOnly to, CancellationToken ct)
    {
        var days = to.DayNumber - from.DayNumber + 1;
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1, nameof(to));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(days, MostDays, nameof(to));
        await using var command = Command(FlowSql, tenant, projectId is null ? TallyKind.WorkspaceDay : TallyKind.ProjectDay, projectId ?? Guid.Empty);
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = to });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = projectId is null ? [.. hidden] : [] });
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

    internal static IEnumerable<string> Statements => [ByStatusSql, PersonSql, PersonPartSql, FlowSql];

    private TenantCommand Command(string sql, TenantId tenant, TallyKind kind, Guid subject)
    {
        var command = reads.CreateCommand(TenantKey.Of(tenant), sql);
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
