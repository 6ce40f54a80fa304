using System.Runtime.CompilerServices;

namespace Events.Messaging.Jobs;

/// <summary>One who follows a tenant's jobs: of each the newest state that he has not taken yet.</summary>
internal sealed class JobFollower : IDisposable
{
    /// <summary>Jobs that may wait for a reader who does not read; more push the longest waiting out.</summary>
    private const int MostWaiting = 1000;

    private readonly Lock gate = new();
    private readonly SemaphoreSlim told = new(0);
    private readonly Dictionary<Guid, Job> newest = [];
    private readonly Queue<Guid> order = new();

    public void Tell(Job job)
    {
        lock (gate)
        {
            if (!newest.ContainsKey(job.Id))
                order.Enqueue(job.Id);
            newest[job.Id] = job;
            if (order.Count > MostWaiting)
                newest.Remove(order.Dequeue());
            if (told.CurrentCount == 0)
                told.Release();
        }
    }

    /// <summary>Waits until there is one, and gives all that there are.</summary>
    public async IAsyncEnumerable<Job> NewestAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await told.WaitAsync(ct);
        while (TryTake(out var job))
            yield return job;
    }

    private bool TryTake(out Job job)
    {
        lock (gate)
        {
            job = null!;
            return order.TryDequeue(out var id) && newest.Remove(id, out job!);
        }
    }

    // A teller that comes too late finds it removed under the feed's gate.
    public void Dispose() => told.Dispose();
}
