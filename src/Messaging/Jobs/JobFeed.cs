using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Events.Messaging.Running;
using Events.Platform.Tenancy;

namespace Events.Messaging.Jobs;

/// <summary>Tells of jobs whose row has changed, in any process, as it happens.</summary>
public sealed class JobFeed(MessageListener listener, JobStore jobs)
{
    /// <summary>
    /// Jobs of a tenant as they are after each change: new status, progress, end. A slow reader misses states in between, never
    /// the last one. A change while the connection to the database is away is missed: read the job when it matters.
    /// </summary>
    public async IAsyncEnumerable<Job> SubscribeAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken ct)
    {
        // Bounded: of a job that changes faster than it is read only the newest state is of interest, and that is read below.
        var changed = Channel.CreateBounded<Guid>(new BoundedChannelOptions(1000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
        void Hear(string changedTenant, Guid id)
        {
            if (changedTenant == tenant.Value)
                changed.Writer.TryWrite(id);
        }

        listener.JobChanged += Hear;
        try
        {
            listener.Start();
            var ids = new HashSet<Guid>();
            while (await changed.Reader.WaitToReadAsync(ct))
            {
                ids.Clear();
                while (changed.Reader.TryRead(out var id))
                    ids.Add(id);
                foreach (var id in ids)
                {
                    if (await jobs.FindAsync(tenant, id, ct) is { } job)
                        yield return job;
                }
            }
        }
        finally
        {
            listener.JobChanged -= Hear;
        }
    }
}
