using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskDetail;

/// <summary>A task's links as rows; the document says which they are.</summary>
internal static class TaskLinkRows
{
    private const string RemoveSql =
        """
        delete from task_links t
        using unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[]) as r (tenant_id, task_id, other_task_id, kind)
        where t.tenant_id = r.tenant_id
          and t.task_id = r.task_id
          and t.kind = r.kind
          and t.other_task_id = r.other_task_id
        """;

    private const string AddSql =
        """
        insert into task_links (tenant_id, task_id, other_task_id, kind)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[])
        """;

    public const string CopySql =
        """
        copy task_links (tenant_id, task_id, other_task_id, kind)
        from stdin (format binary)
        """;

    public static void Save(IReadOnlyCollection<TaskDetailRow> rows, NpgsqlBatch batch)
    {
        Add(batch, RemoveSql, [.. rows.SelectMany(r => r.StoredLinks.Except(r.Document.Links), (r, link) => (r, link))]);
        Add(batch, AddSql, [.. rows.SelectMany(r => r.Document.Links.Except(r.StoredLinks), (r, link) => (r, link))]);
    }

    private static void Add(NpgsqlBatch batch, string sql, IReadOnlyCollection<(TaskDetailRow Row, TaskLinkLine Link)> changes)
    {
        if (changes.Count == 0)
            return;
        var command = new NpgsqlBatchCommand(sql);
        command.AddColumn(changes, c => c.Row.Tenant);
        command.AddColumn(changes, c => c.Row.Key.StreamId);
        command.AddColumn(changes, c => c.Link.TaskId);
        command.AddColumn(changes, c => (short)c.Link.Kind);
        batch.BatchCommands.Add(command);
    }

    public static IEnumerable<int> Copy(IReadOnlyList<TaskDetailRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            foreach (var link in row.Document.Links)
            {
                buffer.Row(4);
                buffer.Uuid(row.Tenant);
                buffer.Uuid(row.Key.StreamId);
                buffer.Uuid(link.TaskId);
                buffer.Smallint((short)link.Kind);
            }

            yield return row.Document.Links.Count;
        }
    }
}
