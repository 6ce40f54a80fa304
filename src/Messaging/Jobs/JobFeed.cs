using System.Runtime.CompilerServices;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Jobs;

/// <summary>
/// Tells of jobs whose row has changed, in any process, as it happens. However many follow, each change is read once in this
/// process, together with all others that were told of meanwhile.
/// </summary>
public sealed partial class JobFeed(NotificationSession notifications, JobStore jobs, TimeProvider time, ILogger<JobFeed> logger) : IAsyncDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource ending = new();
    private readonly SemaphoreSlim told = new(0);
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, List<JobFollower>> followers = [];
    private readonly HashSet<(TenantId Tenant, Guid Id)> changed = [];
    private IDisposable? subscription;
    private Task? reading;

    /// <summary>
    /// Jobs of a tenant as they are after each change: new status, progress, end. A slow reader misses states in between, never
    /// the last one. A change while the connection to the database is away is missed: read the job when it matters.
    /// </summary>
    public async IAsyncEnumerable<Job> SubscribeAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken ct)
    {
        using var follower = new JobFollower();
        Add(tenant, follower);
        try
        {
            while (true)
            {
                await foreach (var job in follower.NewestAsync(ct))
                    yield return job;
            }
        }
        finally
        {
            Remove(tenant, follower);
        }
    }

    private void Add(TenantId tenant, JobFollower follower)
    {
        lock (gate)
        {
            if (!followers.TryGetValue(tenant, out var others))
                followers.Add(tenant, others = []);
            others.Add(follower);
            reading ??= Task.Run(() => ReadAsync(ending.Token));
            subscription ??= notifications.Subscribe(new NotificationSubscription(["job_changes"], (_, payload) => Hear(payload)));
        }
    }

    private void Remove(TenantId tenant, JobFollower follower)
    {
        lock (gate)
        {
            var others = followers[tenant];
            others.Remove(follower);
            if (others.Count == 0)
                followers.Remove(tenant);
        }
    }

    private void Hear(string payload)
    {
        var space = payload.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || !Guid.TryParse(payload.AsSpan(space + 1), out var id))
            return;
        lock (gate)
        {
            var tenant = new TenantId(payload[..space]);
            // Nobody here follows them, which is most of what is told.
            if (followers.ContainsKey(tenant) && changed.Add((tenant, id)) && changed.Count == 1)
                told.Release();
        }
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await told.WaitAsync(ct);
                await ReadChangedAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task ReadChangedAsync(CancellationToken ct)
    {
        List<(TenantId Tenant, Guid Id)> taken;
        lock (gate)
        {
            taken = [.. changed];
            changed.Clear();
        }

        try
        {
            foreach (var (tenant, job) in await jobs.FindAsync(taken, ct))
                Tell(tenant, job);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
        {
            LogUnread(error);
            await Task.Delay(AgainAfter, time, ct);
            lock (gate)
            {
                if (changed.Count == 0)
                    told.Release();
                changed.UnionWith(taken);
            }
        }
    }

    private void Tell(TenantId tenant, Job job)
    {
        lock (gate)
        {
            foreach (var follower in followers.GetValueOrDefault(tenant) ?? [])
                follower.Tell(job);
        }
    }

    public async ValueTask DisposeAsync()
    {
        subscription?.Dispose();
        await ending.CancelAsync();
        if (reading is not null)
            await reading;
        ending.Dispose();
        told.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Jobs that changed could not be read; trying again")]
    private partial void LogUnread(Exception error);
}
