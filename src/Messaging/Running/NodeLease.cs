using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>
/// This worker in the table of nodes. Everything it has claimed is its own as long as its heartbeat is young. It gives itself
/// up earlier than the others do, so its handlers have been told to end before anybody starts their messages again.
/// </summary>
internal sealed partial class NodeLease : IDisposable
{
    private readonly NpgsqlDataSource database;
    private readonly MessagingOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource lost = new();
    private readonly long registered;
    private long lastBeat;
    private uint claims;

    private NodeLease(int nodeId, long asked, NpgsqlDataSource database, MessagingOptions options, TimeProvider time, ILogger logger)
    {
        NodeId = nodeId;
        this.database = database;
        this.options = options;
        this.time = time;
        this.logger = logger;
        registered = lastBeat = asked;
        Unanswered = new UnansweredClaims(time);
    }

    public int NodeId { get; }

    public CancellationToken Lost => lost.Token;

    public UnansweredClaims Unanswered { get; }

    /// <summary>The id of another claim, unique in all nodes and known before it is asked for.</summary>
    public long NextClaim() => ((long)NodeId << 32) | Interlocked.Increment(ref claims);

    /// <summary>
    /// Whether this node has been beating for a whole lease. Only then may it call others dead: after an outage of the
    /// database every heartbeat is old, and all must have had the time to renew theirs.
    /// </summary>
    public bool MayJudge => time.GetElapsedTime(registered) > options.Lease;

    private const string RegisterSql =
        """
        insert into message_nodes (name)
        values ($1)
        returning node_id
        """;

    public static async Task<NodeLease> RegisterAsync(string name, NpgsqlDataSource database, MessagingOptions options, TimeProvider time, ILogger logger, CancellationToken ct)
    {
        var asked = time.GetTimestamp();
        await using var command = database.CreateCommand(RegisterSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return new NodeLease((int)(await command.ExecuteScalarAsync(ct))!, asked, database, options, time, logger);
    }

    private const string BeatSql =
        """
        update message_nodes
        set heartbeat_at = now()
        where node_id = $1
        """;

    /// <summary>Beats until cancelled or lost.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(options.Heartbeat, time);
        while (!ct.IsCancellationRequested && !lost.IsCancellationRequested)
        {
            var asked = time.GetTimestamp();
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
                limit.CancelAfter(options.Lease / 2);
                await using var command = database.CreateCommand(BeatSql);
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = NodeId });
                if (await command.ExecuteNonQueryAsync(limit.Token) == 0)
                {
                    LogDeclaredDead(NodeId);
                    await lost.CancelAsync();
                    return;
                }

                lastBeat = asked;
            }
            catch (Exception error) when (error is NpgsqlException or OperationCanceledException or TimeoutException or IOException)
            {
                if (ct.IsCancellationRequested)
                    return;
                LogMissed(error, NodeId);
            }

            await timer.WaitForNextTickAsync(ct).AsTask().ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Called often, by a loop that does no I/O.</summary>
    public void Watch()
    {
        // From the moment the last good beat was asked for: the server cannot have stamped it earlier.
        if (lost.IsCancellationRequested || time.GetElapsedTime(lastBeat) < options.Lease * 0.8)
            return;
        LogGivenUp(NodeId);
        lost.Cancel();
    }

    private const string LeaveSql =
        """
        delete from message_nodes n
        where n.node_id = $1
          and not exists (select from claimed_batches c where c.node_id = n.node_id)
        """;

    /// <summary>After a drain. A node that still holds something stays until its lease ends.</summary>
    public async Task LeaveAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(LeaveSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = NodeId });
        await command.ExecuteNonQueryAsync(ct);
    }

    public void Dispose() => lost.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node {NodeId} missed a heartbeat")]
    private partial void LogMissed(Exception error, int nodeId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Node {NodeId} was declared dead by another; its messages are elsewhere by now")]
    private partial void LogDeclaredDead(int nodeId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Node {NodeId} could not renew its lease and gives up what it holds")]
    private partial void LogGivenUp(int nodeId);
}
