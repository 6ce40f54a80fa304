using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;
using NpgsqlTypes;

namespace Events.Projections.TaskList;

/// <summary>
/// A page of tasks in an order. What a list is read along (workspace, project, assignee, label) and its order are served by an index;
/// other filters are applied to at most 2,000 entries of it a page, so a page costs the same whatever is asked: it may then hold
/// fewer items than wanted, even none, and still have a next one.
/// </summary>
public sealed class TaskListQuery(TenantReads reads)
{
    public const string Projection = "TaskList";

    /// <summary>The orders in which a filter's tasks can be listed.</summary>
    public static IEnumerable<TaskListOrder> Orders(TaskListFilter filter) => TaskListPlan.Orders(filter);

    /// <param name="limit">1 to 200.</param>
    /// <exception cref="NotSupportedException">The order is not among <see cref="Orders"/> of the filter.</exception>
    /// <exception cref="FormatException">The cursor is of another order.</exception>
    public async Task<QueryPage> RunAsync(TenantId tenant, TaskListFilter filter, TaskListSort sort, KeysetCursor? after, int limit, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var plan = TaskListPlan.Find(filter, sort.Order) ?? throw new NotSupportedException($"These tasks cannot be listed by {sort.Order}.");
        var filtered = IsFiltered(plan, filter);
        var sql = TaskListSql.All[(plan, sort.Descending, filtered)];

        await using var command = reads.CreateCommand(TenantKey.Of(tenant), sql.Page);
        AddScope(command, tenant, plan, filter, sort, after);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        if (filtered)
            AddFilters(command, plan, filter);

        ReadOnlyMemory<byte> items;
        int count;
        long position;
        KeysetCursor? last = null;
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            await reader.ReadAsync(ct);
            items = reader.IsDBNull(0) ? default : reader.GetFieldValue<byte[]>(0);
            count = reader.GetInt32(1);
            position = reader.IsDBNull(4) ? 0 : reader.GetInt64(4);
            if (count > limit)
            {
                last = TaskListKey.Read(plan.Key, reader, 2);
                items = items[..^(reader.GetInt32(5) + 1)];
            }
        }

        if (last is null && filtered)
            last = await FindScanEndAsync(sql, tenant, plan, filter, sort, after, ct);
        return new QueryPage(items, Math.Min(count, limit), last, position);
    }

    private async Task<KeysetCursor?> FindScanEndAsync(
        TaskListSql sql, TenantId tenant, TaskListPlan plan, TaskListFilter filter, TaskListSort sort, KeysetCursor? after, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(tenant), sql.ScanEnd);
        AddScope(command, tenant, plan, filter, sort, after);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 0 });
        AddFilters(command, plan, filter);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? TaskListKey.Read(plan.Key, reader, 0) : null;
    }

    private static bool IsFiltered(TaskListPlan plan, TaskListFilter filter) =>
        filter.Statuses is not null
        || filter.HiddenProjects.Count > 0
        || filter.Priorities is not null
        || (filter.ProjectId is not null && plan.Scope != TaskListScope.Project)
        || (filter.AssigneeId is not null && plan.Scope != TaskListScope.Assignee)
        || (filter.Label is not null && plan.Scope != TaskListScope.Label);

    private static void AddScope(TenantCommand command, TenantId tenant, TaskListPlan plan, TaskListFilter filter, TaskListSort sort, KeysetCursor? after)
    {
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(plan.Scope switch
        {
            TaskListScope.Project => new NpgsqlParameter<Guid> { TypedValue = filter.ProjectId!.Value },
            TaskListScope.Assignee => new NpgsqlParameter<Guid> { TypedValue = filter.AssigneeId!.Value },
            TaskListScope.Label => new NpgsqlParameter<string> { TypedValue = filter.Label! },
            _ => new NpgsqlParameter<Guid> { TypedValue = Guid.Empty },
        });
        var (key, id) = TaskListKey.Parameters(plan.Key, sort.Descending, after);
        command.Parameters.Add(key);
        command.Parameters.Add(id);
    }

    private static void AddFilters(TenantCommand command, TaskListPlan plan, TaskListFilter filter)
    {
        command.Parameters.Add(Nullable(filter.Statuses?.Select(s => (short)s).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Smallint));
        command.Parameters.Add(Nullable(filter.Priorities?.Select(p => (short)p).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Smallint));
        command.Parameters.Add(Nullable(plan.Scope == TaskListScope.Project ? null : filter.ProjectId, NpgsqlDbType.Uuid));
        command.Parameters.Add(Nullable(plan.Scope == TaskListScope.Assignee ? null : filter.AssigneeId, NpgsqlDbType.Uuid));
        command.Parameters.Add(Nullable(plan.Scope == TaskListScope.Label ? null : filter.Label, NpgsqlDbType.Varchar));
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. filter.HiddenProjects] });
    }

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
