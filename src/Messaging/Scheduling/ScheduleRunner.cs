using Events.Messaging.Handlers;
using Events.Messaging.Sending;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Messaging.Scheduling;

/// <summary>
/// Fires what is due. The next time of each schedule is in the database and is moved on in the transaction that stores the
/// message, by whoever finds it unmoved: so a run happens once even while two nodes believe that they lead. A time that
/// passed while nobody was there is run once, late, not once for every miss.
/// </summary>
public sealed class ScheduleRunner
{
    private readonly NpgsqlDataSource database;
    private readonly MessageBus bus;
    private readonly TimeProvider time;
    private readonly Dictionary<string, Schedule> declared;
    private bool known;

    internal ScheduleRunner(NpgsqlDataSource database, MessageBus bus, MessagingBuilder declarations, TimeProvider time)
    {
        this.database = database;
        this.bus = bus;
        this.time = time;
        declared = declarations.Schedules.ToDictionary(s => s.Name, StringComparer.Ordinal);
    }

    /// <summary>Whose the schedules' jobs are: the system's own, of no workspace.</summary>
    public static TenantId Tenant { get; } = TenantId.Default;

    private const string DueSql =
        """
        select name, next_run_at
        from message_schedules
        where next_run_at <= $1 and not paused
        order by next_run_at
        """;

    /// <returns>How many were fired by this call.</returns>
    public async Task<int> FireDueAsync(CancellationToken ct)
    {
        await MakeKnownAsync(ct);
        var due = new List<(Schedule Schedule, DateTimeOffset At)>();
        await using (var command = database.CreateCommand(DueSql))
        {
            command.Parameters.Add(new() { Value = time.GetUtcNow().UtcDateTime });
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                if (declared.TryGetValue(reader.GetString(0), out var schedule))
                    due.Add((schedule, reader.GetFieldValue<DateTimeOffset>(1)));
            }
        }

        var fired = 0;
        foreach (var (schedule, at) in due)
        {
            if (await FireAsync(schedule, at, ct))
                fired++;
        }

        return fired;
    }

    private const string MoveOnSql =
        """
        update message_schedules
        set next_run_at = $3, last_run_at = $2
        where name = $1 and next_run_at = $2 and not paused
        """;

    private async Task<bool> FireAsync(Schedule schedule, DateTimeOffset at, CancellationToken ct)
    {
        var next = schedule.Cron.Next(time.GetUtcNow(), schedule.TimeZone) ?? DateTimeOffset.MaxValue;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var move = new NpgsqlCommand(MoveOnSql, connection, transaction)
        {
            Parameters = { new() { Value = schedule.Name }, new() { Value = at.UtcDateTime }, new() { Value = next.UtcDateTime } },
        })
        {
            if (await move.ExecuteNonQueryAsync(ct) == 0)
                return false;
        }

        await StoreRunAsync(connection, schedule, at, "cron", ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    /// <summary>Runs a schedule now, beside its ordinary times.</summary>
    /// <returns>The job's id; null when no such schedule is declared.</returns>
    public async Task<Guid?> RunNowAsync(string name, CancellationToken ct)
    {
        if (!declared.TryGetValue(name, out var schedule))
            return null;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var id = await StoreRunAsync(connection, schedule, time.GetUtcNow(), "manual", ct);
        await transaction.CommitAsync(ct);
        return id;
    }

    private const string RunSql =
        """
        insert into message_schedule_runs (name, due_at, cause, job_id)
        values ($1, $2, $3, $4)
        """;

    private async Task<Guid> StoreRunAsync(NpgsqlConnection connection, Schedule schedule, DateTimeOffset dueAt, string cause, CancellationToken ct)
    {
        var message = bus.Create(Tenant, schedule.Message, new MessageOptions { IsJob = true });
        await MessageBus.EnqueueAsync(connection, [message], ct);
        await using var run = new NpgsqlCommand(RunSql, connection)
        {
            Parameters = { new() { Value = schedule.Name }, new() { Value = dueAt.UtcDateTime }, new() { Value = cause }, new() { Value = message.Id } },
        };
        await run.ExecuteNonQueryAsync(ct);
        return message.Id;
    }

    // A changed expression counts from now; an unchanged one keeps its next time across restarts.
    private const string KnowSql =
        """
        insert into message_schedules as s (name, cron, time_zone, type, next_run_at)
        values ($1, $2, $3, $4, $5)
        on conflict (name) do update
        set cron = excluded.cron, time_zone = excluded.time_zone, type = excluded.type, next_run_at = excluded.next_run_at
        where s.cron <> excluded.cron or s.time_zone <> excluded.time_zone or s.type <> excluded.type
        """;

    private async Task MakeKnownAsync(CancellationToken ct)
    {
        if (known)
            return;
        foreach (var schedule in declared.Values)
        {
            await using var command = database.CreateCommand(KnowSql);
            command.Parameters.Add(new() { Value = schedule.Name });
            command.Parameters.Add(new() { Value = schedule.Cron.ToString() });
            command.Parameters.Add(new() { Value = schedule.TimeZone.Id });
            command.Parameters.Add(new() { Value = bus.Create(Tenant, schedule.Message).Type });
            command.Parameters.Add(new() { Value = (schedule.Cron.Next(time.GetUtcNow(), schedule.TimeZone) ?? DateTimeOffset.MaxValue).UtcDateTime });
            await command.ExecuteNonQueryAsync(ct);
        }

        known = true;
    }
}
