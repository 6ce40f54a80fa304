using System.Collections.Concurrent;
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

    private const int LargestClaim = 500;

    private readonly QueueSettings queue;
    private readonly NpgsqlDataSource database;
    private readonly int nodeId;
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
    private int target;
    private double averageMilliseconds = double.PositiveInfinity;
    private Task[] loops = [];

    public QueueRunner(
        QueueSettings queue, NpgsqlDataSource database, int nodeId, MessagingOptions options, MessageTypes types,
        AttemptRunner runner, Completer completer, TimeProvider time, ILogger logger, CancellationToken lost)
    {
        this.queue = queue;
        this.database = database;
        this.nodeId = nodeId;
        this.options = options;
        this.types = types;
        this.runner = runner;
        this.completer = completer;
        this.time = time;
        this.logger = logger;
        this.lost = lost;
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
        var after = "";
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (Request(after) is not { } request)
                {
                    await WaitAsync(options.PollInterval);
                    continue;
                }

                var claimed = await Claimer.ClaimAsync(database, nodeId, queue, request, stopping.Token);
                Add(claimed);
                if (claimed.Count == 0)
                    await WaitAsync(options.PollInterval);
                else
                    after = LastInTurn(claimed, after);
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

    /// <summary>The scan goes round in the order of tenants: the last one that it came to is the greatest before it wrapped.</summary>
    private static string LastInTurn(List<ClaimedMessage> claimed, string after)
    {
        string? wrapped = null;
        string? last = null;
        foreach (var message in claimed)
        {
            var tenant = message.Tenant.Value;
            if (string.CompareOrdinal(tenant, after) <= 0)
                wrapped = wrapped is null || string.CompareOrdinal(tenant, wrapped) > 0 ? tenant : wrapped;
            else
                last = last is null || string.CompareOrdinal(tenant, last) > 0 ? tenant : last;
        }

        return wrapped ?? last!;
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

                var claimed = await Claimer.ClaimAsync(database, nodeId, queue, request, stopping.Token);
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
    private ClaimRequest? Request(string after)
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
            return new ClaimRequest(Math.Min(room, LargestClaim), after, null, tenantLimit, tenants, counts);
        }
    }

    /// <summary>How many messages may wait here beside the running ones.</summary>
    private int Target()
    {
        if (queue.HasClusterLimit || double.IsPositiveInfinity(averageMilliseconds))
            return 0;
        var messages = (int)Math.Min(queue.Prefetch, queue.Concurrency * Ahead.TotalMilliseconds / Math.Max(averageMilliseconds, 0.001));
        if (messages < queue.Concurrency)
            return 0;
        foreach (var slot in slots)
        {
            // One that turns out long shows only while it runs.
            if (slot.Current is { } attempt && time.GetElapsedTime(attempt.Started) > Ahead)
                return 0;
        }

        return messages;
    }

    private void Add(List<ClaimedMessage> claimed)
    {
        lock (gate)
        {
            foreach (var message in claimed)
                buffer.Add(message);
            Dispatch();
        }
    }

    /// <summary>Under the gate.</summary>
    private void Dispatch()
    {
        while (!closed && freeSlots.Count > 0 && buffer.TryTake(out var message))
        {
            var slot = freeSlots.Pop();
            slots[slot].Current = Begin(message);
            buffer.TakeUpTo(Together() - 1, slots[slot].Next);
            ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Runner.RunSlotAsync(state.Slot), (Runner: this, Slot: slots[slot]), preferLocal: false);
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

    private async Task RunSlotAsync(Slot slot)
    {
        while (slot.Current is { } attempt)
        {
            try
            {
                await runner.RunAsync(attempt);
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
                slot.Current = Begin(next);
            else
                TakeNext(slot, next);
        }
    }

    /// <param name="left">Taken together with messages that took longer than they used to; it and the rest go on from here alone.</param>
    private void TakeNext(Slot slot, ClaimedMessage? left)
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
            if (left is null && !closed && buffer.TryTake(out var message))
            {
                left = message;
                buffer.TakeUpTo(Together() - 1, slot.Next);
            }

            slot.Current = left is null ? null : Begin(left);
            if (left is null)
            {
                freeSlots.Push(slot.Number);
                if (closed && freeSlots.Count == slots.Length)
                    idle.TrySetResult();
            }

            if (buffer.Count <= target / 2)
                Release(bulkSignal, ref bulkSignalled);
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
            if (!slot.Next.IsEmpty && slot.Current is { } attempt && time.GetElapsedTime(attempt.Started) > Ahead)
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

    /// <summary>Room for one handler that runs. Only its own loop changes it, and whoever starts that loop.</summary>
    private sealed class Slot(int number)
    {
        private Attempt? current;

        public int Number => number;

        public Attempt? Current
        {
            get => Volatile.Read(ref current);
            set => Volatile.Write(ref current, value);
        }

        /// <summary>Taken together with the current one, to run after it.</summary>
        public ConcurrentQueue<ClaimedMessage> Next { get; } = new();

        /// <summary>Of this visit.</summary>
        public List<Attempt> Ended { get; } = [];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages of {Queue} could not be claimed; trying again")]
    private partial void LogClaim(Exception error, string queue);

    [LoggerMessage(Level = LogLevel.Error, Message = "The attempt at {Type} {Id} could not be ended")]
    private partial void LogBroken(Exception error, string type, Guid id);
}
