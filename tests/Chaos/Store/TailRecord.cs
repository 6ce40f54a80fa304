using Events.EventStore;

namespace Events.Chaos.Store;

/// <summary>What a reader that follows through all faults saw, in the order in which it saw it.</summary>
internal sealed class TailRecord
{
    private readonly List<long> positions = [];
    private readonly Lock access = new();

    public long Reached { get; private set; }

    public async Task FollowAsync(EventTail tail, CancellationToken ct)
    {
        // A subscriber whose page fails begins again where it was, as a projection would.
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await foreach (var page in tail.SubscribeAsync(Reached, ct))
                {
                    lock (access)
                        positions.AddRange(page.Events.Select(e => e.Position));
                    Reached = page.Position;
                }
            }
            catch (Exception error) when (error is Npgsql.NpgsqlException or TimeoutException or OperationCanceledException or IOException)
            {
                continue;
            }
        }
    }

    public IReadOnlyList<long> Positions
    {
        get
        {
            lock (access)
                return [.. positions];
        }
    }
}
