using Events.Messaging.Handlers;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>
/// Works off one queue. A claim loop keeps the slots busy; a second, small one fetches for tenants that have nothing here when
/// they are heard of, so a newcomer does not wait for the large claims of a busy one.
/// </summary>
internal sealed partial class QueueRunner : IDisposable
{
    private readonly QueueSettings queue;
    private readonly NpgsqlDataSource database;
    private readonly NodeLease lease;
    private readonly ClaimWalk walk;
    private readonly BacklogPace pace;
    private readonly Guests guests;
    private readonly MessagingOptions options;
    private readonly HandlerSlots slots;
    private readonly Completer completer;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim bulkSignal = new(0);
    private readonly SemaphoreSlim expressSignal = new(0);
    private readonly CancellationTokenSource stopping;

    private readonly Lock gate = new();
    private readonly HashSet<string> newcomers = new(StringComparer.Ordinal);
    private bool bulkSignalled;
    private bool expressSignalled;
    private bool foundNothing;
    private Task[] loops = [];

    public QueueRunner(
        QueueSettings queue, NpgsqlDataSource database, NodeLease lease, MessagingOptions options, MessageTypes types,
        AttemptRunner runner, Completer completer, Guests guests, TimeProvider time, ILogger logger)
    {
        this.queue = queue;
        this.database = database;
        this.lease = lease;
        walk = new ClaimWalk(time);
        this.options = options;
        this.completer = completer;
        this.time = time;
        this.logger = logger;
        this.guests = guests;
        pace = new BacklogPace(guests, options);
        slots = new HandlerSlots(queue, types, runner, RoomMade, guests, time, logger, lease.Lost);
        stopping = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost);
    }

    public string Name => queue.Name;

    public HandlerSlots Slots => slots;

    public void Start() => loops = [Task.Run(RunBulkAsync), Task.Run(RunExpressAsync)];

    /// <param name="tenant">Null: look everywhere.</param>
    public void Wake(string? tenant)
    {
        var newcomer = tenant is not null && !queue.HasClusterLimit && !slots.Holds(tenant);
        lock (gate)
        {
            foundNothing = false;
            if (newcomer && newcomers.Count < 64 && newcomers.Add(tenant!))
                Release(expressSignal, ref expressSignalled);
            else
                Release(bulkSignal, ref bulkSignalled);
        }
    }

    /// <summary>
    /// A message has ended, or its mark is written. That makes room, but is no reason to look where a look has just found
    /// nothing, not even of a tenant that it had to leave out because of its limit.
    /// </summary>
    public void RoomMade()
    {
        lock (gate)
        {
            if (!foundNothing)
                Release(bulkSignal, ref bulkSignalled);
        }
    }

    private static void Release(SemaphoreSlim signal, ref bool signalled)
    {
        if (signalled)
            return;
        signalled = true;
        signal.Release();
    }

    private async Task RunBulkAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var began = time.GetTimestamp();
                if (slots.Request(pace.NextClaim(), completer.Open) is not { } room)
                {
                    await WaitAsync(options.PollInterval);
                    continue;
                }

                var request = walk.Direct(room);
                var claimed = await Claimer.ClaimAsync(database, lease, queue, request, stopping.Token);
                walk.Took(request, claimed);
                slots.Add(claimed);
                if (pace.Took(claimed))
                    await RestAsync(began);
                Note(claimed.Count == 0 && request is { Only: null, HeldTenants.Length: 0 } && !queue.HasClusterLimit);
                // Only a walk has looked everywhere.
                if (claimed.Count == 0 && request.Only is null)
                    await WaitAsync(options.PollInterval);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogClaim(error, queue.Name);
                await WaitAsync(options.PollInterval);
            }
        }
    }

    /// <summary>Until the burst has ended, and then in proportion to the time that it took.</summary>
    private async Task RestAsync(long began)
    {
        while ((slots.Waiting > 0 || completer.Open > BacklogPace.Burst / 4) && time.GetElapsedTime(began) < BacklogPace.LongestRest)
            await WaitAsync(BacklogPace.LongestRest);
        await Task.Delay(pace.RestAfter(time.GetElapsedTime(began)), time, stopping.Token);
    }

    /// <summary>A wake-up that came while the look was on its way has left its signal, so the next look is sure.</summary>
    private void Note(bool nothing)
    {
        lock (gate)
            foundNothing = nothing;
    }

    private async Task RunExpressAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await expressSignal.WaitAsync(stopping.Token);
                string[] tenants;
                lock (gate)
                {
                    expressSignalled = false;
                    tenants = [.. newcomers];
                    newcomers.Clear();
                }

                var perTenant = slots.RoomForNewcomers();
                if (perTenant == 0)
                    continue;
                var request = new ClaimRequest(tenants.Length * perTenant, "", tenants, perTenant, [], []);
                var claimed = await Claimer.ClaimAsync(database, lease, queue, request, stopping.Token);
                foreach (var message in claimed)
                    guests.Note(message.Tenant.Value);
                slots.Add(claimed);
                // Full hands: there may be more.
                if (claimed.Count >= perTenant)
                    Wake(null);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogClaim(error, queue.Name);
                Wake(null);
            }
        }
    }

    private async Task WaitAsync(TimeSpan longest)
    {
        await bulkSignal.WaitAsync(longest, stopping.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        lock (gate)
            bulkSignalled = false;
    }

    public void Watch() => slots.Watch();

    public void Cancel(Guid messageId) => slots.Cancel(messageId);

    public void CancelAll(CancelReason reason) => slots.CancelAll(reason);

    /// <summary>Takes no more and starts no more.</summary>
    /// <returns>What was claimed and never started.</returns>
    public async Task<List<ClaimedMessage>> CloseAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(loops);
        return await slots.CloseAsync(lease.Lost.IsCancellationRequested ? TimeSpan.Zero : options.DrainTimeout);
    }

    /// <summary>Completes when no handler runs, after <see cref="CloseAsync"/>.</summary>
    public Task Idle => slots.Idle;

    public void Dispose()
    {
        stopping.Dispose();
        bulkSignal.Dispose();
        expressSignal.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages of {Queue} could not be claimed; trying again")]
    private partial void LogClaim(Exception error, string queue);
}
