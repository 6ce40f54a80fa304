using Events.Messaging.Handlers;
using Events.Messaging.Jobs;
using Events.Messaging.RabbitMq;
using Events.Messaging.Upkeep;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>
/// The role that works messages off. It registers as a node, runs a runner for each queue, and starts over as a new node when
/// its lease is lost. On stop it finishes what runs, within a bound, and hands the rest back.
/// </summary>
public sealed partial class MessageWorker(
    NpgsqlDataSource database,
    MessageTypes types,
    MessagingOptions options,
    MessageListener listener,
    LocalWakeUps wakeUps,
    UpkeepRounds upkeep,
    IServiceProvider services,
    TimeProvider time,
    ILogger<MessageWorker> logger) : BackgroundService
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(1);

    private readonly string name = $"{Environment.MachineName}/{Environment.ProcessId}";
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first lease is held and every queue is being looked at.</summary>
    public Task Started => started.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        listener.Start();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var lease = await NodeLease.RegisterAsync(name, database, options, time, logger, stoppingToken);
                await RunNodeAsync(lease, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception error)
            {
                LogNode(error);
                await Task.Delay(AgainAfter, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunNodeAsync(NodeLease lease, CancellationToken stop)
    {
        using var ending = new CancellationTokenSource();
        await using var completer = new Completer(database, time, logger, lease.Lost);
        var settler = new Settler(database, completer, name, time, logger, lease.Lost);
        using var progress = new ProgressWriter(database, options, time, logger);
        var attempts = new AttemptRunner(database, types, services, options, completer, settler, progress.Report, time, logger);
        var carried = types.Queues.Values.Where(q => options.RabbitMq.Carries(q.Name)).ToList();
        using var broker = new BrokerLink(database, options.RabbitMq, carried, lease, settler, completer, options.PollInterval, time, logger);
        var guests = new Guests(time);
        var runners = types.Queues.Values
            .Select(q => carried.Contains(q) ? q with { Name = BrokerOptions.Arrived(q.Name) } : q)
            .Select(q => new QueueRunner(q, database, lease, options, types, attempts, completer, guests, time, logger))
            .ToDictionary(r => r.Name, StringComparer.Ordinal);

        void Wake(string? queue, string? tenant)
        {
            if (queue is not null && runners.TryGetValue(queue, out var woken))
                woken.Wake(tenant);
            else if (queue is null)
                WakeAll(runners.Values);
            broker.Wake(queue);
        }

        void Cancel(Guid id)
        {
            foreach (var runner in runners.Values)
                runner.Cancel(id);
        }

        completer.Written = () =>
        {
            foreach (var runner in runners.Values)
                runner.RoomMade();
        };
        completer.Start();
        listener.Woken += Wake;
        listener.CancelRequested += Cancel;
        wakeUps.Attach(Wake, new ArrivalClaims(lease, runners));
        using var lost = lease.Lost.Register(() =>
        {
            foreach (var runner in runners.Values)
                runner.CancelAll(CancelReason.LeaseLost);
        });
        foreach (var runner in runners.Values)
            runner.Start();
        Task[] company =
        [
            lease.RunAsync(ending.Token),
            progress.RunAsync(ending.Token),
            WatchAsync(lease, runners.Values, ending.Token),
            upkeep.RunAsync(lease, Cancel, ending.Token),
        ];
        using var carrying = CancellationTokenSource.CreateLinkedTokenSource(stop, lease.Lost);
        var link = carried.Count > 0 ? broker.RunAsync(carrying.Token) : Task.CompletedTask;
        started.TrySetResult();
        LogStarted(lease.NodeId, runners.Count);

        await UntilAsync(stop, lease.Lost);
        wakeUps.Detach();
        await link;
        await CloseAsync(lease, runners.Values, settler);
        await completer.DisposeAsync();
        if (!lease.Lost.IsCancellationRequested)
            await LeaveAsync(lease);
        listener.Woken -= Wake;
        listener.CancelRequested -= Cancel;
        await ending.CancelAsync();
        await Task.WhenAll(company);
        foreach (var runner in runners.Values)
            runner.Dispose();
    }

    private static void WakeAll(IEnumerable<QueueRunner> runners)
    {
        foreach (var runner in runners)
            runner.Wake(null);
    }

    private static async Task UntilAsync(CancellationToken stop, CancellationToken lost)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, lost);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = either.Token.Register(ended.SetResult);
        await ended.Task;
    }

    private async Task CloseAsync(NodeLease lease, IReadOnlyCollection<QueueRunner> runners, Settler settler)
    {
        var unstarted = (await Task.WhenAll(runners.Select(r => r.CloseAsync()))).SelectMany(m => m).ToList();
        if (!lease.Lost.IsCancellationRequested)
        {
            await Parallel.ForEachAsync(unstarted, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (message, _) =>
                await settler.SettleAsync(message, new Settlement(Outcome.Released)));
        }

        var idle = Task.WhenAll(runners.Select(r => r.Idle));
        try
        {
            await idle.WaitAsync(lease.Lost.IsCancellationRequested ? TimeSpan.Zero : options.DrainTimeout, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            foreach (var runner in runners)
                runner.CancelAll(CancelReason.Stopping);
            try
            {
                // A handler that ignores its token keeps its claim; the message is taken over when this process is gone.
                await idle.WaitAsync(options.Lease / 2, time, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                LogLeft();
            }
        }
    }

    private async Task LeaveAsync(NodeLease lease)
    {
        try
        {
            await lease.LeaveAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
        {
            LogNode(error);
        }
    }

    private async Task WatchAsync(NodeLease lease, IReadOnlyCollection<QueueRunner> runners, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(WatchInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                lease.Watch();
                foreach (var runner in runners)
                    runner.Watch();
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {NodeId} works off {Queues} queues")]
    private partial void LogStarted(int nodeId, int queues);

    [LoggerMessage(Level = LogLevel.Error, Message = "The message worker stumbled")]
    private partial void LogNode(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Some handlers did not end in time; their messages will be taken over")]
    private partial void LogLeft();
}
