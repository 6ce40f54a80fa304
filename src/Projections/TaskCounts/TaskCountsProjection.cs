using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskCounts;

/// <summary>How many tasks are there: in the workspace, in a project, on a person's desk, and on each day?</summary>
internal sealed class TaskCountsProjection : StreamProjection<TaskFacets>
{
    public override string Name => "TaskCounts";

    public override int Lane => 1;

    public override IReadOnlyList<string> Tables => ["task_facets", "task_tallies"];

    public override string Script => "0440_task_counts";

    // Most events of a task change nothing that is counted.
    public override bool Handles(string eventType) =>
        eventType is "task_created" or "task_status_changed" or "task_assigned" or "task_scheduled" or "task_archived" or "task_unarchived" or "task_deleted" or "task_restored";

    protected override void Evolve(TaskFacets row, RecordedEvent recorded) => row.Evolve(recorded);

    protected override object NewSums() => new Dictionary<TallyKey, long>();

    protected override string LoadSql =>
        """
        select t.tenant_id, t.task_id, t.project_id, t.assignee_id, t.due_on, t.status, t.archived, t.deleted
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, task_id)
        join task_facets t on t.tenant_id = k.tenant_id and t.task_id = k.task_id
        """;

    protected override TaskFacets ReadRow(NpgsqlDataReader reader) => new()
    {
        ProjectId = reader.GetGuid(2),
        AssigneeId = reader.IsDBNull(3) ? null : reader.GetGuid(3),
        DueOn = reader.IsDBNull(4) ? null : reader.GetFieldValue<DateOnly>(4),
        Status = (WorkStatus)reader.GetInt16(5),
        Archived = reader.GetBoolean(6),
        Deleted = reader.GetBoolean(7),
        Known = true,
    };

    private const string InsertSql =
        """
        insert into task_facets (tenant_id, task_id, project_id, assignee_id, due_on, status, archived, deleted)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::smallint[], $7::boolean[], $8::boolean[])
        """;

    private const string UpsertSql =
        $"""
        {InsertSql}
        on conflict (tenant_id, task_id) do update
        set assignee_id = excluded.assignee_id, due_on = excluded.due_on, status = excluded.status, archived = excluded.archived,
            deleted = excluded.deleted
        """;

    protected override void SaveRows(IReadOnlyCollection<TaskFacets> rows, NpgsqlBatch batch) => Save(rows, InsertSql, UpsertSql, AddColumns, batch);

    private static void AddColumns(NpgsqlBatchCommand save, IReadOnlyCollection<TaskFacets> rows)
    {
        save.AddColumn(rows, r => r.Tenant);
        save.AddColumn(rows, r => r.Key.StreamId);
        save.AddColumn(rows, r => r.ProjectId);
        save.AddColumn(rows, r => r.AssigneeId);
        save.AddColumn(rows, r => r.DueOn);
        save.AddColumn(rows, r => (short)r.Status);
        save.AddColumn(rows, r => r.Archived);
        save.AddColumn(rows, r => r.Deleted);
    }

    // MERGE: one look for each tally, where ON CONFLICT would lock, and log the lock of, each row before it changes it. A rebuild's
    // table has no indexes yet and may hold the sums of other sets; the same statement then joins it whole.
    private const string AddSql =
        """
        merge into task_tallies t
        using unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::date[], $5::smallint[], $6::bigint[]) as m (tenant_id, kind, subject, day, status, tasks)
        on t.tenant_id = m.tenant_id and t.kind = m.kind and t.subject = m.subject and t.day = m.day and t.status = m.status
        when matched then
            update set tasks = t.tasks + m.tasks
        when not matched then
            insert (tenant_id, kind, subject, day, status, tasks)
            values (m.tenant_id, m.kind, m.subject, m.day, m.status, m.tasks)
        """;

    protected override void SaveSums(object sums, bool indexed, NpgsqlBatch batch)
    {
        KeyValuePair<TallyKey, long>[] tallies = [.. (Dictionary<TallyKey, long>)sums];
        if (tallies.Length == 0)
            return;
        Array.Sort(tallies, (a, b) => a.Key.Tenant.CompareTo(b.Key.Tenant));
        var add = new NpgsqlBatchCommand(AddSql);
        add.AddColumn(tallies, t => t.Key.Tenant);
        add.AddColumn(tallies, t => (short)t.Key.Kind);
        add.AddColumn(tallies, t => t.Key.Subject);
        add.AddColumn(tallies, t => t.Key.Day);
        add.AddColumn(tallies, t => t.Key.Status);
        add.AddColumn(tallies, t => t.Value);
        batch.BatchCommands.Add(add);
    }

    private const string CopySql =
        """
        copy task_facets (tenant_id, task_id, project_id, assignee_id, due_on, status, archived, deleted)
        from stdin (format binary)
        """;

    protected override IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<TaskFacets> rows) => [new(CopySql, buffer => CopyRows(rows, buffer))];

    private static IEnumerable<int> CopyRows(IReadOnlyList<TaskFacets> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            buffer.Row(8);
            buffer.Uuid(row.Tenant);
            buffer.Uuid(row.Key.StreamId);
            buffer.Uuid(row.ProjectId);
            buffer.Uuid(row.AssigneeId);
            buffer.Date(row.DueOn);
            buffer.Smallint((short)row.Status);
            buffer.Boolean(row.Archived);
            buffer.Boolean(row.Deleted);
            yield return 1;
        }
    }
}
