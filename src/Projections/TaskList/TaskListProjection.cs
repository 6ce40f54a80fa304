using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskList;

/// <summary>Which tasks are there, in this order?</summary>
internal sealed class TaskListProjection : StreamProjection<TaskListRow>
{
    public override string Name => "TaskList";

    public override IReadOnlyList<string> Tables => ["task_list", "task_labels"];

    public override string Script => "0410_task_list";

    public override MetadataNeed Needs => MetadataNeed.Times;

    public override bool Handles(string eventType) => WireNames.IsOfTask(eventType);

    protected override void Evolve(TaskListRow row, RecordedEvent recorded) => TaskListFold.Evolve(row, recorded);

    protected override string LoadSql =>
        """
        select t.tenant_id, t.task_id, t.project_id, t.assignee_id, t.parent_id, t.created_at, t.updated_at, t.number, t.version, t.due_on,
               t.status, t.priority, t.archived, t.deleted, t.estimate, t.key, t.rank, t.title, t.labels
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, task_id)
        join task_list t on t.tenant_id = k.tenant_id and t.task_id = k.task_id
        """;

    protected override TaskListRow ReadRow(NpgsqlDataReader reader)
    {
        var row = new TaskListRow
        {
            ProjectId = reader.GetGuid(2),
            AssigneeId = reader.IsDBNull(3) ? null : reader.GetGuid(3),
            ParentId = reader.IsDBNull(4) ? null : reader.GetGuid(4),
            CreatedAt = reader.GetFieldValue<DateTimeOffset>(5),
            UpdatedAt = reader.GetFieldValue<DateTimeOffset>(6),
            Number = reader.GetInt64(7),
            Version = reader.GetInt64(8),
            DueOn = reader.IsDBNull(9) ? null : reader.GetFieldValue<DateOnly>(9),
            Status = (WorkStatus)reader.GetInt16(10),
            Priority = (Priority)reader.GetInt16(11),
            Archived = reader.GetBoolean(12),
            Deleted = reader.GetBoolean(13),
            Estimate = reader.IsDBNull(14) ? null : reader.GetDecimal(14),
            Labels = reader.GetFieldValue<string[]>(18),
        };
        row.SetKey(reader.GetString(15));
        row.SetRank(reader.GetString(16));
        row.SetTitle(reader.GetString(17));
        row.StoredLabels = row.VisibleLabels;
        return row;
    }

    private const string InsertSql =
        """
        insert into task_list (tenant_id, task_id, project_id, assignee_id, parent_id, created_at, updated_at, number, version, due_on, status,
                               priority, archived, deleted, estimate, key, rank, title, labels, item)
        select r.tenant_id, r.task_id, r.project_id, r.assignee_id, r.parent_id, r.created_at, r.updated_at, r.number, r.version, r.due_on,
               r.status, r.priority, r.archived, r.deleted, r.estimate, r.key, r.rank, r.title,
               r.labels::varchar[], r.item
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::bigint[],
                    $9::bigint[], $10::date[], $11::smallint[], $12::smallint[], $13::boolean[], $14::boolean[], $15::numeric[],
                    $16::varchar[], $17::varchar[], $18::varchar[], $19::text[], $20::text[])
            as r (tenant_id, task_id, project_id, assignee_id, parent_id, created_at, updated_at, number, version, due_on, status, priority,
                  archived, deleted, estimate, key, rank, title, labels, item)
        """;

    private const string UpsertSql =
        $"""
        {InsertSql}
        on conflict (tenant_id, task_id) do update
        set assignee_id = excluded.assignee_id, parent_id = excluded.parent_id, updated_at = excluded.updated_at, version = excluded.version,
            due_on = excluded.due_on, status = excluded.status, priority = excluded.priority, archived = excluded.archived,
            deleted = excluded.deleted, estimate = excluded.estimate, rank = excluded.rank, title = excluded.title, labels = excluded.labels,
            item = excluded.item
        """;

    protected override int Compare(TaskListRow a, TaskListRow b) =>
        a.Tenant == b.Tenant && a.ProjectId.CompareTo(b.ProjectId) is not 0 and var byProject ? byProject : base.Compare(a, b);

    protected override void SaveRows(IReadOnlyCollection<TaskListRow> rows, NpgsqlBatch batch)
    {
        Save(rows, InsertSql, UpsertSql, AddColumns, batch);
        SaveLabels(rows, batch);
    }

    private static void AddColumns(NpgsqlBatchCommand save, IReadOnlyCollection<TaskListRow> rows)
    {
        using var renderer = new JsonRenderer();
        save.AddColumn(rows, r => r.Tenant);
        save.AddColumn(rows, r => r.Key.StreamId);
        save.AddColumn(rows, r => r.ProjectId);
        save.AddColumn(rows, r => r.AssigneeId);
        save.AddColumn(rows, r => r.ParentId);
        save.AddColumn(rows, r => r.CreatedAt.UtcDateTime);
        save.AddColumn(rows, r => r.UpdatedAt.UtcDateTime);
        save.AddColumn(rows, r => r.Number);
        save.AddColumn(rows, r => r.Version);
        save.AddColumn(rows, r => r.DueOn);
        save.AddColumn(rows, r => (short)r.Status);
        save.AddColumn(rows, r => (short)r.Priority);
        save.AddColumn(rows, r => r.Archived);
        save.AddColumn(rows, r => r.Deleted);
        save.AddColumn(rows, r => r.Estimate);
        save.AddColumn(rows, r => r.HumanKey.ToString());
        save.AddColumn(rows, r => r.Rank.ToString());
        save.AddColumn(rows, r => r.Title.ToString());
        save.AddColumn(rows, r => BatchColumns.ArrayLiteral(r.Labels));
        save.AddColumn(rows, r => renderer.RenderText(r, TaskListItem.Write));
    }

    private const string RemoveLabelsSql =
        """
        delete from task_labels t
        using unnest($1::uuid[], $2::varchar[], $3::timestamptz[], $4::uuid[]) as r (tenant_id, label, created_at, task_id)
        where t.tenant_id = r.tenant_id
          and t.label = r.label
          and t.created_at = r.created_at
          and t.task_id = r.task_id
        """;

    private const string AddLabelsSql =
        """
        insert into task_labels (tenant_id, label, created_at, task_id)
        select *
        from unnest($1::uuid[], $2::varchar[], $3::timestamptz[], $4::uuid[])
        """;

    private static void SaveLabels(IReadOnlyCollection<TaskListRow> rows, NpgsqlBatch batch)
    {
        AddLabels(batch, RemoveLabelsSql, rows.SelectMany(r => r.StoredLabels.Except(r.VisibleLabels), (r, label) => (r, label)));
        AddLabels(batch, AddLabelsSql, rows.SelectMany(r => r.VisibleLabels.Except(r.StoredLabels), (r, label) => (r, label)));
    }

    private static void AddLabels(NpgsqlBatch batch, string sql, IEnumerable<(TaskListRow Row, string Label)> some)
    {
        (TaskListRow Row, string Label)[] changes = [.. some];
        if (changes.Length == 0)
            return;
        Array.Sort(changes, (a, b) => a.Row.Tenant.CompareTo(b.Row.Tenant) is not 0 and var byTenant ? byTenant : string.CompareOrdinal(a.Label, b.Label));
        var command = new NpgsqlBatchCommand(sql);
        command.AddColumn(changes, c => c.Row.Tenant);
        command.AddColumn(changes, c => c.Label);
        command.AddColumn(changes, c => c.Row.CreatedAt.UtcDateTime);
        command.AddColumn(changes, c => c.Row.Key.StreamId);
        batch.BatchCommands.Add(command);
    }

    private const string CopySql =
        """
        copy task_list (tenant_id, task_id, project_id, assignee_id, parent_id, created_at, updated_at, number, version, due_on, status,
                        priority, archived, deleted, estimate, key, rank, title, labels, item)
        from stdin (format binary)
        """;

    private const string CopyLabelsSql =
        """
        copy task_labels (tenant_id, label, created_at, task_id)
        from stdin (format binary)
        """;

    protected override IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<TaskListRow> rows) =>
    [
        new(CopySql, buffer => CopyRows(rows, buffer)),
        new(CopyLabelsSql, buffer => CopyLabels(rows, buffer)),
    ];

    private static IEnumerable<int> CopyRows(IReadOnlyList<TaskListRow> rows, CopyBuffer buffer)
    {
        using var renderer = new JsonRenderer();
        var tenants = new TenantKeys();
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            buffer.Row(20);
            buffer.Uuid(tenants.Of(row.Key.Tenant));
            buffer.Uuid(row.Key.StreamId);
            buffer.Uuid(row.ProjectId);
            buffer.Uuid(row.AssigneeId);
            buffer.Uuid(row.ParentId);
            buffer.Timestamp(row.CreatedAt);
            buffer.Timestamp(row.UpdatedAt);
            buffer.Bigint(row.Number);
            buffer.Bigint(row.Version);
            buffer.Date(row.DueOn);
            buffer.Smallint((short)row.Status);
            buffer.Smallint((short)row.Priority);
            buffer.Boolean(row.Archived);
            buffer.Boolean(row.Deleted);
            buffer.Numeric(row.Estimate);
            row.HumanKey.WriteTo(buffer);
            row.Rank.WriteTo(buffer);
            row.Title.WriteTo(buffer);
            buffer.TextArray(row.Labels);
            buffer.Text(renderer.Render(row, TaskListItem.Write));
            yield return 1;
        }
    }

    // Workspace by workspace and label by label, as their only index has them: what comes in order need not be sorted.
    private static IEnumerable<int> CopyLabels(IReadOnlyList<TaskListRow> rows, CopyBuffer buffer)
    {
        for (int from = 0, next; from < rows.Count; from = next)
        {
            var tenant = rows[from].Key.Tenant;
            var labels = new SortedDictionary<string, List<TaskListRow>>(StringComparer.Ordinal);
            for (next = from; next < rows.Count && rows[next].Key.Tenant == tenant; next++)
            {
                foreach (var label in rows[next].VisibleLabels)
                    TasksOf(labels, label).Add(rows[next]);
            }

            var key = TenantKey.Of(tenant);
            foreach (var (label, tasks) in labels)
            {
                foreach (var task in tasks)
                {
                    buffer.Row(4);
                    buffer.Uuid(key);
                    buffer.Text(label);
                    buffer.Timestamp(task.CreatedAt);
                    buffer.Uuid(task.Key.StreamId);
                }

                yield return tasks.Count;
            }
        }
    }

    private static List<TaskListRow> TasksOf(SortedDictionary<string, List<TaskListRow>> labels, string label)
    {
        if (!labels.TryGetValue(label, out var tasks))
            labels.Add(label, tasks = []);
        return tasks;
    }
}
