using Events.Messaging.Running;
using Events.Messaging.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Upkeep;

/// <summary>
/// What every node does for all: due messages become ready, dead nodes' messages come back, cancellations that a
/// notification did not deliver reach their handlers. Safe on any number of nodes at once; what must happen on one only is
/// the leader's.
/// </summary>
public sealed partial class UpkeepRounds(NpgsqlDataSource database, MessagingOptions options, MessageListener listener, LeaderDuties leader, TimeProvider time, ILogger<UpkeepRounds> logger)
{
    private const int LargestPromotion = 1000;

    internal Task RunAsync(NodeLease lease, Action<Guid> cancel, CancellationToken ct) => Task.WhenAll(
        PromoteAsync(ct),
        EveryAsync(options.Heartbeat, async () =>
        {
            await DeliverCancellationsAsync(cancel, ct);
            if (await lease.Unanswered.HandBackAsync(database, ct) is > 0 and var count)
                LogHandedBack(lease.NodeId, count);
            if (lease.MayJudge)
                await TakeOverAsync(ct);
        }, ct),
        EveryAsync(options.Heartbeat, () => leader.RunOnceAsync(lease.NodeId, ct), ct));

    private async Task PromoteAsync(CancellationToken ct)
    {
        using var due = new SemaphoreSlim(0, 1);
        void Hear()
        {
            if (due.CurrentCount == 0)
                due.Release();
        }

        listener.Delayed += Hear;
        try
        {
            while (!ct.IsCancellationRequested)
            {
                var wait = options.PollInterval;
                try
                {
                    if (await PromoteOnceAsync(ct) == LargestPromotion)
                        continue;
                    wait = await UntilNextDueAsync(ct);
                }
                catch (Exception error) when (!ct.IsCancellationRequested)
                {
                    LogRound(error);
                }

                await due.WaitAsync(wait, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopped.
        }
        finally
        {
            listener.Delayed -= Hear;
        }
    }

    private const string PromoteSql =
        """
        select promote_scheduled($1)
        """;

    /// <returns>How many messages became ready.</returns>
    internal async Task<int> PromoteOnceAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(PromoteSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = LargestPromotion });
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    private const string NextDueSql =
        """
        select extract(epoch from min(due_at) - clock_timestamp())::double precision
        from scheduled_messages
        """;

    private async Task<TimeSpan> UntilNextDueAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(NextDueSql);
        if (await command.ExecuteScalarAsync(ct) is not double seconds)
            return options.PollInterval;
        // Not before it is due, and not in a tight loop when another node holds its row.
        return TimeSpan.FromSeconds(Math.Clamp(seconds + 0.001, 0.005, options.PollInterval.TotalSeconds));
    }

    private const string CancellationsSql =
        """
        select id
        from jobs
        where cancel_requested
        """;

    private async Task DeliverCancellationsAsync(Action<Guid> cancel, CancellationToken ct)
    {
        await using var command = database.CreateCommand(CancellationsSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            cancel(reader.GetGuid(0));
    }

    private const string DeadNodesSql =
        """
        select node_id, take_over_node(node_id, $1)
        from message_nodes
        where heartbeat_at < now() - $1
        """;

    /// <returns>How many messages came back.</returns>
    internal async Task<int> TakeOverAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(DeadNodesSql);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var total = 0;
        while (await reader.ReadAsync(ct))
        {
            if (reader.IsDBNull(1))
                continue;
            total += reader.GetInt32(1);
            MessagingTelemetry.TakenOver.Add(reader.GetInt32(1));
            LogTakenOver(reader.GetInt32(0), reader.GetInt32(1));
        }

        return total;
    }

    private async Task EveryAsync(TimeSpan interval, Func<Task> round, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            do
            {
                try
                {
                    await round();
                }
                catch (Exception error) when (!ct.IsCancellationRequested)
                {
                    LogRound(error);
                }
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A round of upkeep failed; the next one will do")]
    private partial void LogRound(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {NodeId} never heard of {Count} messages that it had claimed; they are ready again")]
    private partial void LogHandedBack(int nodeId, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {NodeId} is dead; {Count} of its messages are ready again")]
    private partial void LogTakenOver(int nodeId, int count);
}
