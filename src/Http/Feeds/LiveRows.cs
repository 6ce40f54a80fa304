using System.Collections.Concurrent;
using System.Threading.Channels;
using Events.EventStore;
using Events.Http.Tasks;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.ProjectList;
using Events.Projections.TaskList;

namespace Events.Http.Feeds;

/// <param name="Kind"><c>task</c> or <c>project</c>.</param>
/// <param name="ProjectId">Whose members may see it.</param>
/// <param name="Row">UTF-8 JSON; null: it left the lists.</param>
internal sealed record RowPatch(string Kind, Guid Id, Guid ProjectId, long Position, byte[]? Row);

/// <summary>
/// One follower of the tail for all live screens of this process: when a read model has taken in a page of events, the rows that
/// they changed are read once for each workspace that somebody looks at, and handed to all who look.
/// </summary>
internal sealed class LiveRows(EventTail tail, ProjectionPositions positions, TaskRowsQuery tasks, ProjectListQuery projects) : BackgroundService
{
    private const int Waiting = 2_000;

    private readonly ConcurrentDictionary<TenantId, ConcurrentDictionary<Channel<RowPatch>, byte>> watchers = new();

    /// <summary>From now on. A reader who cannot keep up finds the channel completed: it has missed something.</summary>
    public Channel<RowPatch> Watch(TenantId tenant)
    {
        var channel = Channel.CreateBounded<RowPatch>(new BoundedChannelOptions(Waiting) { SingleReader = true, SingleWriter = false });
        watchers.GetOrAdd(tenant, static _ => new()).TryAdd(channel, 0);
        return channel;
    }

    public void Unwatch(TenantId tenant, Channel<RowPatch> channel)
    {
        if (!watchers.TryGetValue(tenant, out var all))
            return;
        all.TryRemove(channel, out _);
        if (all.IsEmpty)
            watchers.TryRemove(KeyValuePair.Create(tenant, all));
        // Somebody may have come in between: they are put back.
        foreach (var (late, _) in all)
            watchers.GetOrAdd(tenant, static _ => new()).TryAdd(late, 0);
    }

    /// <summary>The rows that these events changed, as they are now.</summary>
    public async Task<IReadOnlyList<RowPatch>> PatchesAsync(TenantId tenant, IEnumerable<RecordedEvent> events, long position, CancellationToken ct)
    {
        var changedTasks = new HashSet<Guid>();
        var changedProjects = new HashSet<Guid>();
        foreach (var recorded in events)
        {
            if (TaskEventNames.All.Contains(recorded.Type))
                changedTasks.Add(recorded.StreamId);
            else if (FeedRequest.Offered.Contains(recorded.Type))
                changedProjects.Add(recorded.StreamId);
        }

        var patches = new List<RowPatch>();
        if (changedTasks.Count > 0)
        {
            await positions.WaitAsync(TaskListQuery.Projection, position, ct);
            foreach (var row in await tasks.FindAsync(tenant, changedTasks, ct))
                patches.Add(new RowPatch("task", row.Id, row.ProjectId, position, row.Item));
        }

        if (changedProjects.Count > 0)
            await positions.WaitAsync(ProjectListQuery.Projection, position, ct);
        foreach (var id in changedProjects)
        {
            var document = await projects.FindAsync(tenant, id, ct);
            patches.Add(new RowPatch("project", id, id, position, document.Exists ? document.Json.ToArray() : null));
        }

        return patches;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var page in tail.SubscribeAsync(tail.HighWater, stoppingToken))
        {
            if (watchers.IsEmpty)
                continue;
            foreach (var group in page.Events.Where(e => watchers.ContainsKey(e.Tenant)).GroupBy(e => e.Tenant))
                await TellAsync(group.Key, group, page.Position, stoppingToken);
        }
    }

    private async Task TellAsync(TenantId tenant, IEnumerable<RecordedEvent> events, long position, CancellationToken ct)
    {
        IReadOnlyList<RowPatch> patches;
        try
        {
            patches = await PatchesAsync(tenant, events, position, ct);
        }
        catch (Npgsql.NpgsqlException)
        {
            // Whoever looks has missed something: they reconnect and read again.
            foreach (var (channel, _) in watchers.GetValueOrDefault(tenant) ?? new())
                channel.Writer.TryComplete();
            return;
        }

        foreach (var (channel, _) in watchers.GetValueOrDefault(tenant) ?? new())
        {
            foreach (var patch in patches)
            {
                if (!channel.Writer.TryWrite(patch))
                    channel.Writer.TryComplete();
            }
        }
    }
}
