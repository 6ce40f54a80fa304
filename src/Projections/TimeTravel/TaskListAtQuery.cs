using System.Globalization;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskList;
using Npgsql;
using NpgsqlTypes;

namespace Events.Projections.TimeTravel;

/// <summary>
/// The task list as it was at a moment. Tasks that did not change since are read as they are; the others are folded up to the
/// moment; both are merged in the order of the list. The cost is that of what changed since, up to <see cref="MostEvents"/>.
/// </summary>
public sealed class TaskListAtQuery(TenantReads reads, PastEvents past)
{
    public const int MostEvents = 200_000;

    private const string ChangedSql =
        """
        select t.task_id
        from task_list t
        where t.tenant_id = $1
          and t.created_at <= $2
          and t.updated_at > $2
          and ($3::uuid is null or t.project_id = $3)
          and ($4::uuid[] is null or t.project_id <> all ($4::uuid[]))
        limit $5
        """;

    private const string UnchangedWhere =
        """
        from task_list t
        where t.tenant_id = $1
          and t.updated_at <= $2
          and not t.archived and not t.deleted
          and ($3::uuid is null or t.project_id = $3)
          and ($4::smallint[] is null or t.status = any ($4::smallint[]))
          and ($5::smallint[] is null or t.priority = any ($5::smallint[]))
          and ($6::uuid is null or t.assignee_id = $6)
          and ($7::varchar is null or $7 = any (t.labels))
          and ($11::uuid[] is null or t.project_id <> all ($11::uuid[]))
        """;

    internal static IEnumerable<string> Statements =>
        [ChangedSql, PositionSql, .. Enum.GetValues<TaskListOrder>().SelectMany<TaskListOrder, string>(order => [UnchangedSql(order, false), UnchangedSql(order, true)])];

    // Put together from constants: an order is a column, a direction is a comparison.
    private static string UnchangedSql(TaskListOrder order, bool descending)
    {
        var (column, _) = ColumnOf(order);
        var direction = descending ? "desc" : "asc";
        return
            $"""
            select {column}, t.task_id, t.item
            {UnchangedWhere}
              and ({column}, t.task_id) {(descending ? '<' : '>')} ($8, $9)
            order by {column} {direction}, t.task_id {direction}
            limit $10
            """;
    }

    private static (string Column, KeyKind Kind) ColumnOf(TaskListOrder order) => order switch
    {
        TaskListOrder.Created => ("t.created_at", KeyKind.Timestamp),
        TaskListOrder.Updated => ("t.updated_at", KeyKind.Timestamp),
        TaskListOrder.Due => ("t.due_on", KeyKind.Date),
        TaskListOrder.Priority => ("((t.priority::bigint << 48) + t.number)", KeyKind.Number),
        TaskListOrder.Rank => ("t.rank", KeyKind.Text),
        _ => ("t.number", KeyKind.Number),
    };

    /// <param name="hidden">Projects whose tasks must not be told of.</param>
    /// <param name="limit">1 to 200.</param>
    /// <returns>null: more than <see cref="MostEvents"/> events would have to be folded.</returns>
    public async Task<QueryPage?> RunAsync(
        TenantId tenant, DateTimeOffset at, TaskListFilter filter, IReadOnlyList<Guid> hidden, TaskListSort sort, KeysetCursor? after, int limit, CancellationToken ct)
    {
        var kind = ColumnOf(sort.Order).Kind;
        var position = await PositionAsync(tenant, ct);
        // Unchanged ones first: what is changed between the two statements is found by both, and counts once. The other way
        // round neither would find it.
        var entries = await UnchangedAsync(tenant, at, filter, hidden, sort, after, limit, ct);
        if (await ChangedAsync(tenant, at, filter, hidden, sort.Order, ct) is not { } changed)
            return null;
        var order = new EntryOrder(kind, sort.Descending);
        var known = entries.Select(e => e.Place.Id).ToHashSet();
        entries.AddRange(changed.Where(e => (after is null || order.Compare(e.Place, after) > 0) && !known.Contains(e.Place.Id)));
        entries.Sort((a, b) => order.Compare(a.Place, b.Place));

        var items = new ItemWriter();
        foreach (var entry in entries.Take(limit))
            items.Add(entry.Item);
        return new QueryPage(items.Written, items.Count, entries.Count > limit ? entries[limit - 1].Place : null, position);
    }

    private async Task<List<Entry>?> ChangedAsync(
        TenantId tenant, DateTimeOffset at, TaskListFilter filter, IReadOnlyList<Guid> hidden, TaskListOrder order, CancellationToken ct)
    {
        var ids = await ChangedIdsAsync(tenant, at, filter, hidden, ct);
        if (ids.Count > MostEvents)
            return null;
        using var renderer = new JsonRenderer();
        var entries = new List<Entry>();
        TaskListRow? row = null;
        var read = 0;
        await foreach (var recorded in past.ReadAsync(tenant, [.. ids], at, MostEvents + 1, ct))
        {
            if (read++ == MostEvents)
                return null;
            if (row?.Key.StreamId != recorded.StreamId)
            {
                Keep(row);
                row = new TaskListRow { Key = new StreamKey(tenant, recorded.StreamId) };
            }

            TaskListFold.Evolve(row, recorded);
        }

        Keep(row);
        return entries;

        void Keep(TaskListRow? folded)
        {
            if (folded is not null && Passes(folded, filter, hidden) && PlaceOf(folded, order) is { } place)
                entries.Add(new Entry(place, renderer.Render(folded, TaskListItem.Write).ToArray()));
        }
    }

    /// <summary>One more than may be, at most.</summary>
    private async Task<List<Guid>> ChangedIdsAsync(TenantId tenant, DateTimeOffset at, TaskListFilter filter, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), ChangedSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = at.UtcDateTime });
        command.Parameters.Add(Nullable(filter.ProjectId, NpgsqlDbType.Uuid));
        command.Parameters.Add(Nullable(hidden.Count == 0 ? null : hidden.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Uuid));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = MostEvents + 1 });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var ids = new List<Guid>();
        while (await reader.ReadAsync(ct))
            ids.Add(reader.GetGuid(0));
        return ids;
    }

    private async Task<List<Entry>> UnchangedAsync(
        TenantId tenant, DateTimeOffset at, TaskListFilter filter, IReadOnlyList<Guid> hidden, TaskListSort sort, KeysetCursor? after, int limit, CancellationToken ct)
    {
        var kind = ColumnOf(sort.Order).Kind;
        var entries = new List<Entry>();
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), UnchangedSql(sort.Order, sort.Descending));
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = at.UtcDateTime });
        command.Parameters.Add(Nullable(filter.ProjectId, NpgsqlDbType.Uuid));
        command.Parameters.Add(Nullable(filter.Statuses?.Select(s => (short)s).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Smallint));
        command.Parameters.Add(Nullable(filter.Priorities?.Select(p => (short)p).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Smallint));
        command.Parameters.Add(Nullable(filter.AssigneeId, NpgsqlDbType.Uuid));
        command.Parameters.Add(Nullable(filter.Label, NpgsqlDbType.Varchar));
        var (key, id) = TaskListKey.Parameters(kind, sort.Descending, after);
        command.Parameters.Add(key);
        command.Parameters.Add(id);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit + 1 });
        command.Parameters.Add(Nullable(hidden.Count == 0 ? null : hidden.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Uuid));
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            entries.Add(new Entry(TaskListKey.Read(kind, reader, 0), await reader.GetFieldValueAsync<byte[]>(2, ct)));
        return entries;
    }

    private const string PositionSql =
        "select p.last_seq_id from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection = 'TaskList'";

    private async Task<long> PositionAsync(TenantId tenant, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), PositionSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) && !await reader.IsDBNullAsync(0, ct) ? reader.GetInt64(0) : 0;
    }

    private static bool Passes(TaskListRow row, TaskListFilter filter, IReadOnlyList<Guid> hidden) =>
        row is { Archived: false, Deleted: false }
        && filter.Statuses?.Contains(row.Status) != false
        && filter.Priorities?.Contains(row.Priority) != false
        && (filter.AssigneeId is null || filter.AssigneeId == row.AssigneeId)
        && (filter.Label is null || row.Labels.Contains(filter.Label))
        && !hidden.Contains(row.ProjectId);

    private static KeysetCursor? PlaceOf(TaskListRow row, TaskListOrder order)
    {
        long? value = order switch
        {
            TaskListOrder.Created => row.CreatedAt.UtcTicks,
            TaskListOrder.Updated => row.UpdatedAt.UtcTicks,
            TaskListOrder.Due => row.DueOn?.DayNumber,
            TaskListOrder.Priority => ((long)row.Priority << 48) + row.Number,
            _ => row.Number,
        };
        if (order == TaskListOrder.Rank)
            return new KeysetCursor(row.Rank.ToString()!, row.Key.StreamId);
        return value is { } number ? new KeysetCursor(number.ToString(CultureInfo.InvariantCulture), row.Key.StreamId) : null;
    }

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private sealed record Entry(KeysetCursor Place, byte[] Item);

    private sealed class EntryOrder(KeyKind kind, bool descending) : IComparer<KeysetCursor>
    {
        public int Compare(KeysetCursor? x, KeysetCursor? y)
        {
            if (x is null || y is null)
                throw new ArgumentNullException(x is null ? nameof(x) : nameof(y));
            var compared = kind == KeyKind.Text
                ? string.CompareOrdinal(x.Value, y.Value)
                : Number(x).CompareTo(Number(y));
            if (compared == 0)
                compared = x.Id.CompareTo(y.Id);
            return descending ? -compared : compared;
        }

        private static long Number(KeysetCursor place) => long.Parse(place.Value, CultureInfo.InvariantCulture);
    }
}
