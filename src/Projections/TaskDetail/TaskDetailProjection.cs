using System.Text;
using System.Text.Json;
using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskDetail;

/// <summary>What is this task, what was said about it, and how did it come to be so?</summary>
internal sealed class TaskDetailProjection : StreamProjection<TaskDetailRow>
{
    public override string Name => "TaskDetail";

    // 2: links are rows as well, to be found from their other end.
    public override int Version => 2;

    public override IReadOnlyList<string> Tables => ["task_detail", "task_comments", "task_history", "task_links"];

    public override string Script => "0420_task_detail";

    public override IReadOnlyList<string> LaterScripts => ["0421_task_links"];

    public override MetadataNeed Needs => MetadataNeed.ActorAndTimes;

    public override int Lane => 1;

    public override bool Handles(string eventType) => WireNames.IsOfTask(eventType);

    protected override void Evolve(TaskDetailRow row, RecordedEvent recorded) => TaskDetailFold.Evolve(row, recorded);

    protected override string LoadSql =>
        """
        select t.tenant_id, t.task_id, t.document
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, task_id)
        join task_detail t on t.tenant_id = k.tenant_id and t.task_id = k.task_id
        """;

    protected override TaskDetailRow ReadRow(NpgsqlDataReader reader)
    {
        var document = JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(2), TaskDocumentJson.Document)!;
        return new() { Document = document, StoredLinks = [.. document.Links] };
    }

    private const string InsertSql =
        """
        insert into task_detail (tenant_id, task_id, version, deleted, document)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::boolean[], $5::text[])
        """;

    private const string UpsertSql =
        $"""
        {InsertSql}
        on conflict (tenant_id, task_id) do update
        set version = excluded.version, deleted = excluded.deleted, document = excluded.document
        """;

    private const string SaveHistorySql =
        """
        insert into task_history (tenant_id, task_id, version, item)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])
        """;

    private const string AddCommentsSql =
        """
        insert into task_comments (tenant_id, task_id, comment_id, version, author, created_at, edited_at, body)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::varchar[], $6::timestamptz[], $7::timestamptz[], $8::text[])
        on conflict (tenant_id, task_id, comment_id) do update
        set version = excluded.version, author = excluded.author, created_at = excluded.created_at, edited_at = excluded.edited_at, body = excluded.body
        """;

    private const string EditCommentsSql =
        """
        update task_comments t
        set body = r.body, edited_at = r.edited_at
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[]) as r (tenant_id, task_id, comment_id, edited_at, body)
        where t.tenant_id = r.tenant_id and t.task_id = r.task_id and t.comment_id = r.comment_id
        """;

    private const string DeleteCommentsSql =
        """
        delete from task_comments t
        using unnest($1::uuid[], $2::uuid[], $3::uuid[]) as r (tenant_id, task_id, comment_id)
        where t.tenant_id = r.tenant_id and t.task_id = r.task_id and t.comment_id = r.comment_id
        """;

    protected override void SaveRows(IReadOnlyCollection<TaskDetailRow> rows, NpgsqlBatch batch)
    {
        Save(rows, InsertSql, UpsertSql, AddColumns, batch);

        var lines = rows.SelectMany(r => r.History, (r, line) => (Row: r, line)).ToList();
        var history = new NpgsqlBatchCommand(SaveHistorySql);
        history.AddColumn(lines, l => l.Row.Tenant);
        history.AddColumn(lines, l => l.Row.Key.StreamId);
        history.AddColumn(lines, l => l.line.Version);
        history.AddColumn(lines, l => Encoding.UTF8.GetString(l.line.Item));
        batch.BatchCommands.Add(history);

        var comments = rows.SelectMany(r => r.Comments, (r, c) => (r.Key, Id: c.Key, Change: c.Value)).ToList();
        AddComments(batch, [.. comments.Where(c => c.Change is { Body: not null, Added: not null })]);
        EditComments(batch, [.. comments.Where(c => c.Change is { Body: not null, Added: null })]);
        DeleteComments(batch, [.. comments.Where(c => c.Change is { Body: null, Added: null })]);
        TaskLinkRows.Save(rows, batch);
    }

    private static void AddColumns(NpgsqlBatchCommand save, IReadOnlyCollection<TaskDetailRow> rows)
    {
        save.AddColumn(rows, r => r.Tenant);
        save.AddColumn(rows, r => r.Key.StreamId);
        save.AddColumn(rows, r => r.Document.Version);
        save.AddColumn(rows, r => r.Document.Deleted);
        save.AddColumn(rows, r => JsonSerializer.Serialize(r.Document, TaskDocumentJson.Document));
    }

    private static void AddComments(NpgsqlBatch batch, IReadOnlyCollection<(StreamKey Key, Guid Id, CommentChange Change)> comments)
    {
        if (comments.Count == 0)
            return;
        var add = Comments(AddCommentsSql, comments);
        add.AddColumn(comments, c => c.Change.Added!.Version);
        add.AddColumn(comments, c => c.Change.Added!.Author);
        add.AddColumn(comments, c => c.Change.Added!.At.UtcDateTime);
        add.AddColumn(comments, c => c.Change.EditedAt?.UtcDateTime);
        add.AddColumn(comments, c => c.Change.Body!);
        batch.BatchCommands.Add(add);
    }

    private static void EditComments(NpgsqlBatch batch, IReadOnlyCollection<(StreamKey Key, Guid Id, CommentChange Change)> comments)
    {
        if (comments.Count == 0)
            return;
        var edit = Comments(EditCommentsSql, comments);
        edit.AddColumn(comments, c => c.Change.EditedAt?.UtcDateTime);
        edit.AddColumn(comments, c => c.Change.Body!);
        batch.BatchCommands.Add(edit);
    }

    private static void DeleteComments(NpgsqlBatch batch, IReadOnlyCollection<(StreamKey Key, Guid Id, CommentChange Change)> comments)
    {
        if (comments.Count > 0)
            batch.BatchCommands.Add(Comments(DeleteCommentsSql, comments));
    }

    private static NpgsqlBatchCommand Comments(string sql, IReadOnlyCollection<(StreamKey Key, Guid Id, CommentChange Change)> comments)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.AddColumn(comments, c => TenantKey.Of(c.Key.Tenant));
        command.AddColumn(comments, c => c.Key.StreamId);
        command.AddColumn(comments, c => c.Id);
        return command;
    }

    private const string CopySql =
        """
        copy task_detail (tenant_id, task_id, version, deleted, document)
        from stdin (format binary)
        """;

    private const string CopyHistorySql =
        """
        copy task_history (tenant_id, task_id, version, item)
        from stdin (format binary)
        """;

    private const string CopyCommentsSql =
        """
        copy task_comments (tenant_id, task_id, comment_id, version, author, created_at, edited_at, body)
        from stdin (format binary)
        """;

    protected override IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<TaskDetailRow> rows) =>
    [
        new(CopySql, buffer => CopyDocuments(rows, buffer)),
        new(CopyHistorySql, buffer => CopyHistory(rows, buffer)),
        new(CopyCommentsSql, buffer => CopyComments(rows, buffer)),
        new(TaskLinkRows.CopySql, buffer => TaskLinkRows.Copy(rows, buffer)),
    ];

    private static IEnumerable<int> CopyDocuments(IReadOnlyList<TaskDetailRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            buffer.Row(5);
            buffer.Uuid(row.Tenant);
            buffer.Uuid(row.Key.StreamId);
            buffer.Bigint(row.Document.Version);
            buffer.Boolean(row.Document.Deleted);
            buffer.Text(JsonSerializer.SerializeToUtf8Bytes(row.Document, TaskDocumentJson.Document));
            yield return 1;
        }
    }

    private static IEnumerable<int> CopyHistory(IReadOnlyList<TaskDetailRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            foreach (var line in row.History)
            {
                buffer.Row(4);
                buffer.Uuid(row.Tenant);
                buffer.Uuid(row.Key.StreamId);
                buffer.Bigint(line.Version);
                buffer.Text(line.Item);
            }

            yield return row.History.Count;
        }
    }

    private static IEnumerable<int> CopyComments(IReadOnlyList<TaskDetailRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            var written = 0;
            foreach (var (id, change) in row.Comments.OrderBy(c => c.Key))
            {
                if (change is not { Body: { } body, Added: { } added })
                    continue;
                buffer.Row(8);
                buffer.Uuid(row.Tenant);
                buffer.Uuid(row.Key.StreamId);
                buffer.Uuid(id);
                buffer.Bigint(added.Version);
                buffer.Text(added.Author);
                buffer.Timestamp(added.At);
                buffer.Timestamp(change.EditedAt);
                buffer.Text(body);
                written++;
            }

            yield return written;
        }
    }
}
