using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskDetail;

/// <summary>One task, whole.</summary>
public sealed class TaskDetailQuery(TenantReads reads)
{
    public const string Projection = "TaskDetail";

    private const string OneSql =
        """
        select t.document, t.version,
               (select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskDetail')
        from (select $1::uuid as tenant_id, $2::uuid as task_id) k
        left join task_detail t on t.tenant_id = k.tenant_id and t.task_id = k.task_id
        """;

    /// <summary>The document also of an archived or deleted task (it says so); empty when there is none.</summary>
    public async Task<QueryDocument> FindAsync(TenantId tenant, Guid taskId, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), OneSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = taskId });
        return await QueryDocument.ReadAsync(command, ct);
    }

    internal static IEnumerable<string> Statements => [OneSql, CommentsSql, CommentSql];

    private const string CommentsSql =
        """
        select t.comment_id, t.version, t.author, t.created_at, t.edited_at, t.body,
               (select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskDetail')
        from (select) k
        left join lateral (
            select *
            from task_comments c
            where c.tenant_id = $1 and c.task_id = $2 and c.version > $3
            order by c.version
            limit $4 + 1) t on true
        order by t.version
        """;

    private const string CommentSql =
        """
        select c.comment_id, c.version, c.author, c.created_at, c.edited_at, c.body
        from task_comments c
        where c.tenant_id = $1 and c.task_id = $2 and c.comment_id = $3
        """;

    /// <summary>One of them; empty when there is none.</summary>
    public async Task<ReadOnlyMemory<byte>> FindCommentAsync(TenantId tenant, Guid taskId, Guid commentId, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), CommentSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = taskId });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = commentId });
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct))
            return default;
        using var renderer = new JsonRenderer();
        return renderer.Render(CommentItem.Read(reader), CommentItem.Write).ToArray();
    }

    /// <summary>A task's comments, oldest first: <c>{id, author, body, createdAt, editedAt}</c>.</summary>
    /// <param name="afterVersion">0: from the first.</param>
    /// <param name="limit">1 to 200.</param>
    public async Task<QueryPage> CommentsAsync(TenantId tenant, Guid taskId, long afterVersion, int limit, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), CommentsSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = taskId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterVersion });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        using var renderer = new JsonRenderer();
        var items = new ItemWriter();
        KeysetCursor? next = null;
        long position = 0;
        while (await reader.ReadAsync(ct))
        {
            position = reader.IsDBNull(6) ? 0 : reader.GetInt64(6);
            if (reader.IsDBNull(0))
                break;
            if (items.Count == limit)
                return new QueryPage(items.Written, items.Count, next, position);
            items.Add(renderer.Render(CommentItem.Read(reader), CommentItem.Write));
            next = new KeysetCursor(reader.GetInt64(1).ToString(System.Globalization.CultureInfo.InvariantCulture), reader.GetGuid(0));
        }

        return new QueryPage(items.Written, items.Count, Next: null, position);
    }
}
