using Events.EventStore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Projections.Engine;

/// <summary>
/// Feeds the projections whose leases this process holds, and takes over those that nobody holds. Any number of processes run
/// it; the fence in <see cref="LiveCommit"/>, not the clock, is what keeps a former owner from writing.
/// </summary>
public sealed partial class ProjectionDaemon : BackgroundService
{
    /// <summary>Projections this close to the furthest one are brought level before they run together; others catch up on their own.</summary>
    private const long NearEvents = 2_000;

    private readonly Guid owner = Guid.CreateVersion7();
    private readonly Dictionary<string, Projection> projections;
    private readonly ProjectionHeads heads;
    private readonly EventTail tail;
    private readonly PageWriter writer;
    private readonly LedgerSettlement settlement;
    private readonly ProjectionPositions positions;
    private readonly ProjectionAnnouncer announcer;
    private readonly ProjectionOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<ProjectionDaemon> logger;

    internal ProjectionDaemon(
        IEnumerable<Projection> projections, ProjectionHeads heads, EventTail tail, PageWriter writer, LedgerSettlement settlement, ProjectionPositions positions, ProjectionAnnouncer announcer, ProjectionOptions options, TimeProvider time, ILogger<ProjectionDaemon> logger)
    {
        this.projections = projections.ToDictionary(p => p.Name, StringComparer.Ordinal);
        this.heads = heads;
        this.tail = tail;
        this.writer = writer;
        this.settlement = settlement;
        this.positions = positions;
        this.announcer = announcer;
        this.options = options;
        this.time = time;
        this.logger = logger;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var registered = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!registered)
                    await heads.RegisterAsync(stoppingToken);
                registered = true;
                await RunOwnedAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (PostgresException error) when (error.SqlState == PageWriter.LeaseGone)
            {
                LogFenced(error.MessageText);
            }
            catch (Exception error)
            {
                LogFailed(error);
                await Task.Delay(options.Heartbeat, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await heads.ReleaseAsync(owner, CancellationToken.None);
    }

    /// <summary>Until what this process owns, or may feed, changes.</summary>
    private async Task RunOwnedAsync(CancellationToken ct)
    {
        var owned = await heads.ClaimAsync(owner, ct);
        var fed = owned.Where(h => !IsLeftToRebuild(h)).ToList();
        using var changed = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var feeding = FeedAsync(fed, changed.Token);
        try
        {
            var watching = WatchLeasesAsync(fed, changed.Token);
            await await Task.WhenAny(feeding, watching);
        }
        finally
        {
            await changed.CancelAsync();
            await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Renews the leases; ends when the set, a generation or an epoch is no longer what the feeds were started with.
    private async Task WatchLeasesAsync(List<ProjectionHead> fed, CancellationToken ct)
    {
        var before = Identity(fed);
        using var timer = new PeriodicTimer(options.Heartbeat, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            if (!before.SetEquals(Identity((await heads.ClaimAsync(owner, ct)).Where(h => !IsLeftToRebuild(h)))))
                return;
            await settlement.SettleAsync(ct);
        }

        static HashSet<(string, int, long)> Identity(IEnumerable<ProjectionHead> heads) => [.. heads.Select(h => (h.Name, h.Generation, h.Epoch))];
    }

    // Page by page it would take many times as long as the rebuild that the supervisor begins for it.
    private bool IsLeftToRebuild(ProjectionHead head) => !head.FedAnyway && tail.HighWater - head.Position > options.CatchUpEvents;

    private async Task FeedAsync(List<ProjectionHead> owned, CancellationToken ct)
    {
        if (owned.Count == 0)
        {
            await Task.Delay(Timeout.Infinite, ct);
            return;
        }

        foreach (var head in owned)
            LogFeeding(head.Name, head.Version, head.Position);
        ProjectionTelemetry.TakeOver(owned.Count);
        var exclusions = await heads.ExclusionsAsync(ct);
        var targets = owned.Select(h => new PageTarget(projections[h.Name], h, exclusions.GetValueOrDefault(h.Name) ?? new Exclusions())).ToList();
        // What was heard before may be more than what a crash of the server left: the owner knows, and nobody else advances them now.
        foreach (var target in targets)
            positions.Reset(target.Head.Name, target.Head.Position);

        using var any = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var running = targets.GroupBy(t => t.Projection.Lane).SelectMany(lane => RunLane([.. lane], any.Token)).ToList();
        try
        {
            // One that has caught up ends, and so do all: they are grouped anew.
            await await Task.WhenAny(running);
        }
        finally
        {
            await any.CancelAsync();
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private List<Task> RunLane(List<PageTarget> lane, CancellationToken ct)
    {
        var front = lane.Max(t => t.Head.Position);
        return
        [
            .. lane
                .Where(t => front - t.Head.Position > NearEvents)
                .GroupBy(t => t.Head.Position)
                .Select(group => Feed(group).RunAsync(front, ct)),
            RunLevelAsync([.. lane.Where(t => front - t.Head.Position <= NearEvents)], front, ct),
        ];
    }

    private async Task RunLevelAsync(List<PageTarget> near, long front, CancellationToken ct)
    {
        var level = new List<PageTarget>();
        foreach (var group in near.GroupBy(t => t.Head.Position))
        {
            var feed = Feed(group);
            await feed.RunAsync(front, ct);
            level.AddRange(feed.Targets.Select(t => t with { Head = t.Head with { Position = front } }));
        }

        await Feed(level).RunAsync(long.MaxValue, ct);
    }

    private ProjectionFeed Feed(IEnumerable<PageTarget> targets) => new([.. targets], tail, writer, positions, announcer, options, owner, time, logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "Feeding {Projection} version {Version} from position {Position}")]
    private partial void LogFeeding(string projection, int version, long position);

    [LoggerMessage(Level = LogLevel.Information, Message = "A page was not written: {Reason}; looking again at what is ours")]
    private partial void LogFenced(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Feeding projections failed; trying again")]
    private partial void LogFailed(Exception error);
}
