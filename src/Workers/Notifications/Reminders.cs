using Events.Commands.Tasks;
using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Workers.Notifications;

/// <summary>Keeps of every task what reminders and digests ask for, and answers them.</summary>
internal sealed class Reminders(NpgsqlDataSource database)
{
    /// <summary>What a page of events changes of one task; what is not set stays.</summary>
    private sealed class Change
    {
        public bool HasDue;
        public DateOnly? Due;
        public bool HasAssignee;
        public Guid? Assignee;
        public bool? Open;
    }

    private const string MergeSql =
        """
        merge into reminders as r
        using (
            select *
            from unnest($1, $2, $3, $4, $5, $6, $7) as c (tenant_id, task_id, has_due, due_on, has_assignee, assignee_id, is_open)) as c
        on r.tenant_id = c.tenant_id and r.task_id = c.task_id
        when matched then update set
            due_on = case when c.has_due then c.due_on else r.due_on end,
            assignee_id = case when c.has_assignee then c.assignee_id else r.assignee_id end,
            is_open = coalesce(c.is_open, r.is_open)
        when not matched then insert (tenant_id, task_id, due_on, assignee_id, is_open)
            values (c.tenant_id, c.task_id, c.due_on, c.assignee_id, coalesce(c.is_open, true))
        """;

    /// <summary>Folds a page into the table, in the caller's transaction.</summary>
    public static async Task ApplyAsync(IReadOnlyList<RecordedEvent> events, NpgsqlTransaction transaction, CancellationToken ct)
    {
        var changes = new Dictionary<(string Tenant, Guid Task), Change>();
        foreach (var recorded in events)
        {
            if (recorded.Body is TaskCreated or TaskScheduled or TaskAssigned or TaskStatusChanged or TaskDeleted or TaskRestored or TaskArchived or TaskUnarchived)
            {
                var key = (recorded.Tenant.Value, recorded.StreamId);
                if (!changes.TryGetValue(key, out var change))
                    changes[key] = change = new Change();
                Fold(change, recorded.Body);
            }
        }
        if (changes.Count == 0)
            return;
        await using var command = new NpgsqlCommand(MergeSql, transaction.Connection, transaction);
        Add(command, changes.Keys.Select(static k => k.Tenant), NpgsqlDbType.Varchar);
        Add(command, changes.Keys.Select(static k => k.Task), NpgsqlDbType.Uuid);
        Add(command, changes.Values.Select(static c => c.HasDue), NpgsqlDbType.Boolean);
        Add(command, changes.Values.Select(static c => c.Due), NpgsqlDbType.Date);
        Add(command, changes.Values.Select(static c => c.HasAssignee), NpgsqlDbType.Boolean);
        Add(command, changes.Values.Select(static c => c.Assignee), NpgsqlDbType.Uuid);
        Add(command, changes.Values.Select(static c => c.Open), NpgsqlDbType.Boolean);
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string DueSql =
        """
        update reminders r
        set reminded_for = r.due_on
        from (
            select tenant_id, task_id
            from reminders
            where is_open and due_on is not null and assignee_id is not null and due_on <= $1 and due_on >= $2 and reminded_for is distinct from due_on
            order by due_on
            limit 500
            for update skip locked) d
        where r.tenant_id = d.tenant_id and r.task_id = d.task_id
        returning r.tenant_id, r.task_id, r.assignee_id
        """;

    /// <summary>Takes up to 500 tasks that are due and not reminded of yet, in the caller's transaction: each is taken once.</summary>
    // Two runs at once skip each other's rows; what is marked here is sent by the same commit.
    public static async Task<IReadOnlyList<(TenantId Tenant, Guid Task, Guid Person)>> TakeDueAsync(DateOnly today, NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(DueSql, transaction.Connection, transaction);
        command.Parameters.Add(new() { Value = today.AddDays(1) });
        command.Parameters.Add(new() { Value = today.AddDays(-7) });
        var due = new List<(TenantId, Guid, Guid)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            due.Add((new TenantId(reader.GetString(0)), reader.GetGuid(1), reader.GetGuid(2)));
        return due;
    }

    private const string OfPersonSql =
        """
        select task_id, due_on
        from reminders
        where tenant_id = $1 and assignee_id = $2 and is_open
        order by due_on nulls last, task_id
        limit $3
        """;

    /// <summary>Somebody's open tasks, the most urgent first.</summary>
    public async Task<IReadOnlyList<(Guid Task, DateOnly? Due)>> OfPersonAsync(TenantId tenant, Guid person, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(OfPersonSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = person });
        command.Parameters.Add(new() { Value = limit });
        var tasks = new List<(Guid, DateOnly?)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            tasks.Add((reader.GetGuid(0), await reader.IsDBNullAsync(1, ct) ? null : reader.GetFieldValue<DateOnly>(1)));
        return tasks;
    }

    private static void Fold(Change change, object happened)
    {
        switch (happened)
        {
            case TaskCreated e:
                (change.HasDue, change.Due, change.HasAssignee, change.Assignee) = (true, e.DueOn, true, e.AssigneeId);
                change.Open = e.Status is not (WorkStatus.Done or WorkStatus.Cancelled);
                break;
            case TaskScheduled e:
                (change.HasDue, change.Due) = (true, e.To);
                break;
            case TaskAssigned e:
                (change.HasAssignee, change.Assignee) = (true, e.To);
                break;
            case TaskStatusChanged e:
                change.Open = e.To is not (WorkStatus.Done or WorkStatus.Cancelled);
                break;
            case TaskDeleted or TaskArchived:
                change.Open = false;
                break;
            default:
                change.Open = true;
                break;
        }
    }

    private static void Add<T>(NpgsqlCommand command, IEnumerable<T> values, NpgsqlDbType element) =>
        command.Parameters.Add(new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | element });
}
