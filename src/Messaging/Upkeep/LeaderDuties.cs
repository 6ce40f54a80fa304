using Events.Messaging.Running;
using Events.Messaging.Scheduling;
using Npgsql;

namespace Events.Messaging.Upkeep;

/// <summary>What one node does at a time: it fires schedules and deletes what is old.</summary>
public sealed class LeaderDuties(NpgsqlDataSource database, MessagingOptions options, ScheduleRunner schedules, QueueDepth depth, TimeProvider time)
{
    private static readonly TimeSpan PruneEvery = TimeSpan.FromMinutes(1);

    private long pruned;

    private const string LeadSql =
        """
        insert into message_leader as l (node_id, until)
        values ($1, now() + $2)
        on conflict (only_one) do update
        set node_id = excluded.node_id, until = excluded.until
        where l.node_id = excluded.node_id or l.until < now()
        returning true
        """;

    internal async Task RunOnceAsync(int nodeId, CancellationToken ct)
    {
        if (!await LeadAsync(nodeId, ct))
            return;
        await schedules.FireDueAsync(ct);
        await depth.MeasureAsync(ct);
        if (pruned != 0 && time.GetElapsedTime(pruned) < PruneEvery)
            return;
        pruned = time.GetTimestamp();
        await PruneAsync(ct);
    }

    /// <summary>Whether this node leads for the next lease.</summary>
    internal async Task<bool> LeadAsync(int nodeId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(LeadSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = nodeId });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    // In bites, so that no prune holds locks or a snapshot for long.
    private const string PruneHandledSql =
        """
        delete from handled_messages
        where ctid = any (array(
            select ctid from handled_messages where handled_at < now() - $1::interval limit 20000))
        """;

    private const string PruneReceivedSql =
        """
        delete from received_messages
        where ctid = any (array(
            select ctid from received_messages where received_at < now() - $1::interval limit 20000))
        """;

    private const string PruneJobsSql =
        """
        delete from jobs
        where id = any (array(
            select id from jobs where finished_at < now() - $1::interval and status <> 'dead' limit 5000))
        """;

    private const string PruneDeadSql =
        """
        with gone as (
            select id, tenant_id from dead_messages where died_at < now() - $1::interval order by died_at limit 1000
        ), jobs_gone as (
            delete from jobs j using gone g where j.id = g.id
        )
        select count(*) filter (where discard_dead(g.tenant_id, g.id)) from gone g
        """;

    private const string PruneAttemptsSql =
        """
        delete from message_attempts
        where ctid = any (array(
            select ctid from message_attempts where finished_at < now() - $1::interval limit 5000))
        """;

    private const string PruneBatchesSql =
        """
        delete from message_batches
        where completed_at < now() - $1::interval
        """;

    private const string PruneRunsSql =
        """
        delete from message_schedule_runs
        where fired_at < now() - $1::interval
        """;

    internal async Task PruneAsync(CancellationToken ct)
    {
        await UntilFewAsync(PruneHandledSql, options.HandledRetention, 20_000, ct);
        await UntilFewAsync(PruneReceivedSql, options.HandledRetention, 20_000, ct);
        await UntilFewAsync(PruneJobsSql, options.JobRetention, 5_000, ct);
        await UntilFewAsync(PruneAttemptsSql, options.DeadRetention, 5_000, ct);
        await ExecuteAsync(PruneDeadSql, options.DeadRetention, ct);
        await ExecuteAsync(PruneBatchesSql, options.JobRetention, ct);
        await ExecuteAsync(PruneRunsSql, options.JobRetention, ct);
    }

    private async Task UntilFewAsync(string sql, TimeSpan age, int bite, CancellationToken ct)
    {
        while (await ExecuteAsync(sql, age, ct) >= bite)
            ct.ThrowIfCancellationRequested();
    }

    private async Task<int> ExecuteAsync(string sql, TimeSpan age, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = age });
        return await command.ExecuteNonQueryAsync(ct);
    }
}
