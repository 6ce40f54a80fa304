using Events.Messaging.Handlers;
using Microsoft.Extensions.Logging;

namespace Events.Messaging.Running;

/// <summary>
/// Where a queue's claimed messages wait and run: a buffer that hands them out in turns of tenants, and a slot for each handler
/// that may run at the same time.
/// </summary>
/// <param name="roomMade">Called, without the gate, when more could be claimed.</param>
internal sealed partial class HandlerSlots(
    QueueSettings queue, MessageTypes types, AttemptRunner runner, Action roomMade, Guests guests, TimeProvider time, ILogger logger, CancellationToken lost)
{
    /// <summary>What the buffer may hold ahead, in time: a message claimed early here is one that no idle node can take.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a slot keeps a thread whose handlers never wait; then whoever waits for one goes first.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(0.5);

    /// <summary>Slots beyond one a processor for tenants that have nothing running: theirs is not to wait for a turn of others' to end.</summary>
    private const int Spare = 2;

    private static readonly int Processors = Environment.ProcessorCount;

    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource met = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly FairBuffer buffer = new(queue.LocalTenantLimit);
    private readonly Dictionary<string, int> expectedOf = new(StringComparer.Ordinal);
    private readonly Slot[] slots = [.. Enumerable.Range(0, queue.Concurrency).Select(i => new Slot(i))];
    private readonly Stack<int> freeSlots = new(Enumerable.Range(0, queue.Concurrency).Reverse());
    private int expected;
    private bool closing;
    private bool closed;
    private int onProcessor;
    private int target;
    private double averageMilliseconds = double.PositiveInfinity;

    /// <summary>Completes when no handler runs, after <see cref="CloseAsync"/>.</summary>
    public Task Idle => idle.Task;

    public bool Holds(string tenant)
    {
        lock (gate)
            return buffer.Holds(tenant);
    }

    /// <summary>Claimed and not started.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return buffer.Count;
        }
    }

    public void Add(List<ClaimedMessage> claimed)
    {
        lock (gate)
        {
            foreach (var message in claimed)
                buffer.Add(message);
            Dispatch();
        }
    }

    /// <summary>Keeps a slot for a message that is being stored. Only for a tenant that has nothing waiting here: others wait their turn.</summary>
    public bool TryExpect(string tenant)
    {
        lock (gate)
        {
            var before = expectedOf.GetValueOrDefault(tenant);
            if (closing || queue.HasClusterLimit || freeSlots.Count <= expected || !buffer.HasRoom(tenant, before + 1))
                return false;
            expectedOf[tenant] = before + 1;
            expected++;
            return true;
        }
    }

    /// <summary>The end of <see cref="TryExpect"/>.</summary>
    /// <param name="claimed">Null: it was not stored, or not for this node.</param>
    public void Meet(string tenant, ClaimedMessage? claimed)
    {
        lock (gate)
        {
            expected--;
            if (--expectedOf[tenant] == 0)
                expectedOf.Remove(tenant);
            if (closing && expected == 0)
                met.TrySetResult();
            // Too late for a node that has given up waiting: the claim ends with its lease.
            if (claimed is null || closed)
                return;
            guests.Note(tenant);
            buffer.Add(claimed);
            Dispatch();
        }
    }

    /// <param name="unmarked">Messages that have ended and are claimed still.</param>
    /// <returns>Null: there is no room.</returns>
    public ClaimRequest? Request(int largest, int unmarked)
    {
        lock (gate)
        {
            var ahead = target = Target();
            var free = freeSlots.Count - expected;
            var room = ahead == 0 ? free - buffer.Count : free + ahead - buffer.Count;
            // Ended but unmarked messages are still claimed: when the database falls behind, do not take more.
            if (room <= 0 || (ahead > 0 && buffer.Count > ahead / 2) || unmarked > 4 * largest)
                return null;
            var (tenants, counts) = buffer.Held();
            var tenantLimit = ahead == 0 ? queue.LocalTenantLimit : Math.Max(queue.LocalTenantLimit, ahead);
            return new ClaimRequest(Math.Min(room, largest), "", null, tenantLimit, tenants, counts);
        }
    }

    /// <returns>What may be claimed of each tenant that has nothing here; 0: with every slot taken by long work a message is better
    /// off where it is, because another node may be free.</returns>
    public int RoomForNewcomers()
    {
        lock (gate)
        {
            var free = freeSlots.Count - expected;
            return free <= 0 && Target() == 0 ? 0 : Math.Clamp(free, 1, 16);
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

    /// <summary>
    /// Under the gate. Slots whose handlers do not wait for anything are started for each processor only: more would not be faster,
    /// and would stand before everything else in the thread pool's queue. Each that begins to wait lets the next one start.
    /// </summary>
    private void Dispatch()
    {
        while (!closed && freeSlots.Count > 0
            && (onProcessor < Processors ? buffer.TryTake(out var message)
                : onProcessor < Processors + Spare && buffer.TryTakeFirstOfTenant(out message)))
        {
            var slot = slots[freeSlots.Pop()];
            var attempt = Begin(message);
            slot.Current = attempt;
            slot.OnProcessor = true;
            onProcessor++;
            buffer.TakeUpTo(Together() - 1, slot.Next);
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Slots.RunSlotAsync(state.Slot, state.Attempt), (Slots: this, Slot: slot, Attempt: attempt), preferLocal: false);
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
        Attempt? next;
        bool room;
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

            next = left is null ? null : Begin(left);
            slot.Current = next;
            if (left is null)
            {
                slot.OnProcessor = false;
                onProcessor--;
                freeSlots.Push(slot.Number);
                if (closed && freeSlots.Count == slots.Length)
                    idle.TrySetResult();
            }

            room = buffer.Count <= target / 2;
        }

        if (room)
            roomMade();
        return next;
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

    /// <summary>Starts no more.</summary>
    /// <param name="patience">How long to wait for messages that are being stored for this node.</param>
    /// <returns>What was claimed and never started.</returns>
    public async Task<List<ClaimedMessage>> CloseAsync(TimeSpan patience)
    {
        lock (gate)
        {
            closing = true;
            if (expected == 0)
                met.TrySetResult();
        }

        await met.Task.WaitAsync(patience, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            closed = true;
            if (freeSlots.Count == slots.Length)
                idle.TrySetResult();
            return buffer.Drain();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The attempt at {Type} {Id} could not be ended")]
    private partial void LogBroken(Exception error, string type, Guid id);
}
