namespace Events.Platform.Postgres;

/// <summary>A request that waits to be written together with others.</summary>
/// <typeparam name="TResult">What its caller gets.</typeparam>
public abstract class GroupCommitItem<TResult> : IThreadPoolWorkItem
{
    private readonly TaskCompletionSource<TResult> completion = new();
    private TResult? result;
    private Exception? error;
    private bool answered;

    public Task<TResult> Completion => completion.Task;

    /// <summary>Payload size in bytes, counted against the batch's limit.</summary>
    public abstract int Size { get; }

    /// <summary>Keeps the answer, the first one counts; the caller gets it when the whole batch is answered.</summary>
    public void Succeed(TResult answer)
    {
        if (answered)
            return;
        answered = true;
        result = answer;
    }

    /// <inheritdoc cref="Succeed"/>
    public void Fail(Exception answer)
    {
        if (answered)
            return;
        answered = true;
        error = answer;
    }

    /// <summary>The caller goes on, on this thread.</summary>
    internal void Publish()
    {
        if (error is null)
            completion.TrySetResult(result!);
        else
            completion.TrySetException(error);
    }

    void IThreadPoolWorkItem.Execute() => Publish();

    public bool TryCancel(CancellationToken ct) => completion.TrySetCanceled(ct);
}

public sealed record GroupCommitLimits
{
    /// <summary>Requests that may wait; one more is refused at once.</summary>
    public int Queued { get; init; } = 10_000;

    /// <summary>Requests in one batch.</summary>
    public int BatchItems { get; init; } = 512;

    /// <summary>Payload bytes in one batch; a single larger item still goes alone.</summary>
    public int BatchBytes { get; init; } = 4 << 20;

    /// <summary>Batches in flight at the same time.</summary>
    public int Lanes { get; init; } = 1;
}

/// <summary>
/// Writes what concurrent callers ask for together. A batch is whatever waits when a lane comes free, bounded in items and
/// bytes; there is no timer, so a lone caller never waits for company.
/// </summary>
/// <remarks>
/// No lane runs while nothing waits: the caller that finds one free runs it himself up to its first wait for the database, which
/// saves a lone caller the change of threads. The write delegate must complete every item; what it leaves, or throws, fails
/// the items of that batch.
/// </remarks>
public sealed class GroupCommit<TItem, TResult>(GroupCommitLimits limits, Func<IReadOnlyList<TItem>, CancellationToken, Task> write) : IAsyncDisposable
    where TItem : GroupCommitItem<TResult>
{
    private const int Courtesies = 2;

    private readonly Lock access = new();
    private readonly Queue<TItem> waiting = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int running;
    private bool closed;

    /// <summary>Requests waiting now.</summary>
    public int Waiting
    {
        get
        {
            lock (access)
                return waiting.Count;
        }
    }

    /// <summary>False when the queue is full or closed: the caller answers "try later" rather than hold memory.</summary>
    public bool TryEnqueue(TItem item)
    {
        bool lane;
        lock (access)
        {
            if (closed || waiting.Count >= limits.Queued)
                return false;
            waiting.Enqueue(item);
            lane = running < limits.Lanes;
            if (lane)
                running++;
        }

        if (lane)
            StartLane();
        return true;
    }

    private void StartLane()
    {
        // The lane outlives this caller: it must not carry his trace, culture or other ambient state on.
        if (ExecutionContext.IsFlowSuppressed())
        {
            _ = RunLaneAsync();
            return;
        }

        using (ExecutionContext.SuppressFlow())
            _ = RunLaneAsync();
    }

    private async Task RunLaneAsync()
    {
        var batch = new List<TItem>();
        while (TryDrain(batch))
        {
            await WriteAsync(batch);
            if (batch.Count == 1 && TryEnd())
            {
                // The lane's last act, so the lone caller goes on right here.
                batch[0].Publish();
                return;
            }

            foreach (var item in batch)
                ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);

            // Those who were just answered often ask again at once. Letting them run first makes the next batch theirs, instead
            // of one for the quickest of them and one for the rest.
            for (var i = 0; i < Courtesies && batch.Count > 1 && Waiting < batch.Count / 2; i++)
                await Task.Yield();
        }
    }

    private async Task WriteAsync(List<TItem> batch)
    {
        try
        {
            await write(batch, stopping.Token);
            foreach (var item in batch)
                item.Fail(new InvalidOperationException("The batch ended without an answer for this request."));
        }
        catch (Exception error)
        {
            foreach (var item in batch)
                item.Fail(error);
        }
    }

    /// <summary>False when nothing waits: the lane has ended then, and the next caller starts another.</summary>
    private bool TryDrain(List<TItem> batch)
    {
        batch.Clear();
        var bytes = 0L;
        lock (access)
        {
            while (batch.Count < limits.BatchItems && waiting.TryPeek(out var next) && (batch.Count == 0 || bytes + next.Size <= limits.BatchBytes))
            {
                waiting.Dequeue();
                if (next.Completion.IsCompleted)
                    continue;
                bytes += next.Size;
                batch.Add(next);
            }

            return batch.Count > 0 || !TryEnd();
        }
    }

    /// <summary>Ends the lane when nothing waits; the next caller starts another.</summary>
    private bool TryEnd()
    {
        lock (access)
        {
            if (waiting.Count > 0)
                return false;
            running--;
            if (closed && running == 0)
                ended.TrySetResult();
            return true;
        }
    }

    /// <summary>Takes no more, writes what waits, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (access)
        {
            closed = true;
            if (running == 0)
                ended.TrySetResult();
        }

        await ended.Task;
        stopping.Dispose();
    }
}
