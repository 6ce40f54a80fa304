using Events.Messaging.Handlers;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>
/// Works off one queue. A claim loop fills a buffer, which hands out messages in turns of tenants to as many running handlers
/// as the queue allows; a second, small claim loop fetches for tenants that have nothing here when they are heard of, so a
/// newcomer does not wait for the large claims of a busy one.
/// </summary>
internal sealed partial class QueueRunner : IDisposable
{
    /// <summary>What the buffer may hold ahead, in time: a message claimed early here is one that no idle node can take.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a slot keeps a thread whose handlers never wait; then whoever waits for one goes first.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(0.5);

    private const int LargestClaim = 500;

    private readonly QueueSettings queue;
    private readonly NpgsqlDataSource database;
    private readonly NodeLease lease;
    private readonly ClaimWalk walk;
    private readonly MessagingOptions options;
    private readonly MessageTypes types;
    private readonly AttemptRunner runner;
    private readonly Completer completer;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly SemaphoreSlim bulkSignal = new(0);
    private readonly SemaphoreSlim expressSignal = new(0);
    private readonly CancellationToken lost;
    private readonly CancellationTokenSource stopping;
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock gate = new();
    private readonly FairBuffer buffer;
    private readonly Slot[] slots;
    private readonly Stack<int> freeSlots;
    private readonly HashSet<string> newcomers = new(StringComparer.Ordinal);
    private bool bulkSignalled;
    private bool expressSignalled;
    private bool closed;
    private int onProcessor;
    private int target;
    private double averageMilliseconds = double.PositiveInfinity;
    private Task[] loops = [];

    public QueueRunner(
        QueueSettings queue, NpgsqlDataSource database, NodeLease lease, MessagingOptions options, MessageTypes types,
        AttemptRunner runner, Completer completer, TimeProvider time, ILogger logger)
    {
        this.queue = queue;
        this.database = database;
        this.lease = lease;
        walk = new ClaimWalk(time);
        this.options = options;
        this.types = types;
        this.runner = runner;
        this.completer = completer;
        this.time = time;
        this.logger = logger;
        lost = lease.Lost;
        buffer = new FairBuffer(queue.LocalTenantLimit);
        slots = [.. Enumerable.Range(0, queue.Concurrency).Select(i => new Slot(i))];
        freeSlots = new Stack<int>(Enumerable.Range(0, queue.Concurrency).Reverse());
        stopping = CancellationTokenSource.CreateLinkedTokenSource(lost);
    }

    public string Name => queue.Name;

    public void Start() => loops = [Task.Run(RunBulkAsync), Task.Run(RunExpressAsync)];

    /// <param name="tenant">Null: look everywhere.</param>
    public void Wake(string? tenant)
    {
        lock (gate)
        {
            if (tenant is not null && !queue.HasClusterLimit && !buffer.Holds(tenant) && newcomers.Count < 64 && newcomers.Add(tenant))
                Release(expressSignal, ref expressSignalled);
            else
                Release(bulkSignal, ref bulkSignalled);
        }
    }

    /// <summary>Handlers look for room after each of their ends; the marks they wait for are written elsewhere.</summary>
    public void RoomMade()
    {
        lock (gate)
            Release(bulkSignal, ref bulkSignalled);
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
                if (Request() is not { } room)
                {
                    await WaitAsync(options.PollInterval);
                    continue;
                }

                var request = walk.Direct(room);
                var claimed = await Claimer.ClaimAsync(database, lease, queue, request, stopping.Token);
                walk.Took(request, claimed);
                Add(claimed);
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

    private async Task RunExpressAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await expressSignal.WaitAsync(stopping.Token);
                string[] tenants;
                ClaimRequest request;
                lock (gate)
                {
                    expressSignalled = false;
                    tenants = [.. newcomers];
                    newcomers.Clear();
                    // With every slot taken by long work the message is better off where it is: another node may be free.
                    if (freeSlots.Count == 0 && Target() == 0)
                        continue;
                    var perTenant = Math.Max(1, Math.Min(16, freeSlots.Count));
                    request = new ClaimRequest(tenants.Length * perTenant, "", tenants, perTenant, [], []);
                }

                var claimed = await Claimer.ClaimAsync(database, lease, queue, request, stopping.Token);
                Add(claimed);
                // Full hands: there may be more.
                if (claimed.Count >= request.TenantLimit)
                    RoomMade();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogClaim(error, queue.Name);
                RoomMade();
            }
        }
    }

    private async Task WaitAsync(TimeSpan longest)
    {
        await bulkSignal.WaitAsync(longest, stopping.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        lock (gate)
            bulkSignalled = false;
    }

    /// <summary>Null: there is no room.</summary>
    private ClaimRequest? Request()
    {
        lock (gate)
        {
            var ahead = target = Target();
            var room = ahead == 0 ? freeSlots.Count - buffer.Count : freeSlots.Count + ahead - buffer.Count;
            // Ended but unmarked messages are still claimed: when the database falls behind, do not take more.
            if (room <= 0 || (ahead > 0 && buffer.Count > ahead / 2) || completer.Open > 4 * LargestClaim)
                return null;
            var (tenants, counts) = buffer.Held();
            var tenantLimit = ahead == 0 ? queue.LocalTenantLimit : Math.Max(queue.LocalTenantLimit, ahead);
            return new ClaimRequest(Math.Min(room, LargestClaim), "", null, tenantLimit, tenants, counts);
        }
    }

    /// <summary>How many messages may wait here beside the running ones.</summary>
    private int Target()
    {
        if (queue.HasClusterLimit || double.IsPositiveInfinity(averageMilliseconds))
            return 0;
        // One that turns out long shows only while it runs. A few of them among short ones take their slots and no more;
        // where they are the rule, nothing is taken ahead.
        var quick = queue.Concurrency - slots.Count(IsLong);
        if (quick * 2 < queue.Concurrency)
            return 0;
        var messages = (int)Math.Min(queue.Prefetch, quick * Ahead.TotalMilliseconds / Math.Max(averageMilliseconds, 0.001));
        return messages < queue.Concurrency ? 0 : messages;
    }

    private bool IsLong(Slot slot) => slot.Current is { } attempt && time.GetElapsedTime(attempt.Started) > Ahead;

    private void Add(List<ClaimedMessage> claimed)
    {
        lock (gate)
        {
            foreach (var message in claimed)
                buffer.Add(message);
            Dispatch();
        }
    }

    /// <summary>
    /// Under the gate. Slots whose handlers do not wait for anything are started for each processor only: more would not be faster,
    /// and would stand before everything else in the thread pool's queue. Each that begins to wait lets the next one start.
    /// </summary>
    private void Dispatch()
    {
        while (!closed && freeSlots.Count > 0 && onProcessor < Environment.ProcessorCount && buffer.TryTake(out var message))
        {
            var slot = slots[freeSlots.Pop()];
            var attempt = Begin(message);
            slot.Current = attempt;
            slot.OnProcessor = true;
            onProcessor++;
            buffer.TakeUpTo(Together() - 1, slot.Next);
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Runner.RunSlotAsync(state.Slot, state.Attempt), (Runner: this, Slot: slot, Attempt: attempt), preferLocal: false);
        }
    }

    private Attempt Begin(ClaimedMessage message)
    {
        var started = time.GetTimestamp();
        var limit = types.Find(message.Type)?.TimeLimit ?? TimeSpan.FromMinutes(15);
        return new Attempt(message, time.GetUtcNow(), started, started + (long)(limit.TotalSeconds * time.TimestampFrequency));
    }

    /// <summary>
    /// How many messages a slot takes with one visit to the gate: as many as it is done with in a fraction of a millisecond.
    /// For handlers that take longer than that it is one.
    /// </summary>
    private int Together() => target == 0 ? 1 : Math.Clamp((int)(0.5 / Math.Max(averageMilliseconds, 0.001)), 1, 64);

    /// <summary>
    /// Runs attempt after attempt until nothing is left to take. The slot is free from that moment, and may have been given away
    /// before this loop looks up again: it goes by what it was handed, never by what the slot holds.
    /// </summary>
    private async Task RunSlotAsync(Slot slot, Attempt begun)
    {
        var turn = time.GetTimestamp();
        for (Attempt? attempt = begun; attempt is not null;)
        {
            try
            {
                var run = runner.RunAsync(attempt);
                if (!run.IsCompleted)
                    StepAside(slot);
                await run;
            }
            catch (Exception error)
            {
                // Its claim stays with the node, and goes to another one when this node ends.
                LogBroken(error, attempt.Message.Type, attempt.Message.Id);
            }

            attempt.Dispose();
            slot.Ended.Add(attempt);
            if (lost.IsCancellationRequested)
                slot.Next.Clear();
            if (slot.Next.TryDequeue(out var next) && time.GetElapsedTime(slot.Ended[0].Started) < Ahead)
                slot.Current = attempt = Begin(next);
            else
                attempt = TakeNext(slot, next);
            if (attempt is not null && time.GetElapsedTime(turn) > Turn)
            {
                await Task.Yield();
                turn = time.GetTimestamp();
            }
        }
    }

    /// <summary>Its handler waits for something: another slot may have the processor.</summary>
    private void StepAside(Slot slot)
    {
        if (!slot.OnProcessor)
            return;
        lock (gate)
        {
            if (!slot.OnProcessor)
                return;
            slot.OnProcessor = false;
            onProcessor--;
            Dispatch();
        }
    }

    /// <param name="left">Taken together with messages that took longer than they used to; it and the rest go on from here alone.</param>
    /// <returns>What the slot runs next; null: it is free now, and no longer the caller's.</returns>
    private Attempt? TakeNext(Slot slot, ClaimedMessage? left)
    {
        var took = time.GetElapsedTime(slot.Ended[0].Started).TotalMilliseconds / slot.Ended.Count;
        lock (gate)
        {
            // Up at once, down slowly: taking too little ahead costs speed, too much costs a neighbour's patience.
            averageMilliseconds = double.IsPositiveInfinity(averageMilliseconds) ? took
                : took > averageMilliseconds ? (averageMilliseconds + took) / 2 : (averageMilliseconds * 0.9) + (took * 0.1);
            foreach (var ended in slot.Ended)
                buffer.Ended(ended.Message.Tenant.Value);
            slot.Ended.Clear();
            if (!slot.OnProcessor)
            {
                slot.OnProcessor = true;
                onProcessor++;
            }

            if (left is null && !closed && buffer.TryTake(out var message))
            {
                left = message;
                buffer.TakeUpTo(Together() - 1, slot.Next);
            }

            var next = left is null ? null : Begin(left);
            slot.Current = next;
            if (left is null)
            {
                slot.OnProcessor = false;
                onProcessor--;
                freeSlots.Push(slot.Number);
                if (closed && freeSlots.Count == slots.Length)
                    idle.TrySetResult();
            }

            if (buffer.Count <= target / 2)
                Release(bulkSignal, ref bulkSignalled);
            return next;
        }
    }

    /// <summary>
    /// Cancels what has run past its time limit; the message stays claimed until its handler has really ended. What was taken
    /// together with one that turned out long is given to other slots.
    /// </summary>
    public void Watch()
    {
        var now = time.GetTimestamp();
        foreach (var attempt in Running())
        {
            if (now > attempt.Deadline)
                attempt.Cancel(CancelReason.TimeLimit);
        }

        foreach (var slot in slots)
        {
            if (!IsLong(slot))
                continue;
            // Also one that blocks its thread.
            StepAside(slot);
            if (!slot.Next.IsEmpty)
                GiveBack(slot);
        }
    }

    private void GiveBack(Slot slot)
    {
        lock (gate)
        {
            if (closed)
                return;
            while (slot.Next.TryDequeue(out var message))
                buffer.PutBack(message);
            Dispatch();
        }
    }

    public void Cancel(Guid messageId)
    {
        foreach (var attempt in Running())
        {
            if (attempt.Message.Id == messageId)
                attempt.Cancel(CancelReason.Requested);
        }
    }

    public void CancelAll(CancelReason reason)
    {
        foreach (var attempt in Running())
            attempt.Cancel(reason);
    }

    private List<Attempt> Running()
    {
        lock (gate)
            return [.. slots.Select(s => s.Current).OfType<Attempt>()];
    }

    /// <summary>Takes no more and starts no more.</summary>
    /// <returns>What was claimed and never started.</returns>
    public async Task<List<ClaimedMessage>> CloseAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(loops);
        lock (gate)
        {
            closed = true;
            if (freeSlots.Count == slots.Length)
                idle.TrySetResult();
            return buffer.Drain();
        }
    }

    /// <summary>Completes when no handler runs, after <see cref="CloseAsync"/>.</summary>
    public Task Idle => idle.Task;

    public void Dispose()
    {
        stopping.Dispose();
        bulkSignal.Dispose();
        expressSignal.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages of {Queue} could not be claimed; trying again")]
    private partial void LogClaim(Exception error, string queue);

    [LoggerMessage(Level = LogLevel.Error, Message = "The attempt at {Type} {Id} could not be ended")]
    private partial void LogBroken(Exception error, string type, Guid id);
}
