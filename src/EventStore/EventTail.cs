using System.Runtime.CompilerServices;
using Events.EventStore.Tailing;
using Events.Platform.Tenancy;

namespace Events.EventStore;

/// <summary>A run of events that is complete: nothing at or below <see cref="Position"/> will ever appear later.</summary>
/// <param name="Events">In order; empty when only dead positions were passed.</param>
/// <param name="Position">Where to go on: everything up to here has been delivered.</param>
/// <param name="HighWater">The highest position known to be complete when the page was taken; the subscriber's lag is the difference.</param>
public sealed record EventPage(IReadOnlyList<RecordedEvent> Events, long Position, long HighWater)
{
    /// <summary>The page was full when there was more.</summary>
    public bool IsBehind => Position < HighWater;
}

/// <summary>
/// The live tail: one reader of the database per process, any number of subscribers. A subscriber that keeps up takes its
/// events from memory; one that falls behind what memory holds reads the database itself, and slows nobody.
/// </summary>
public sealed class EventTail
{
    private readonly EventBuffer buffer;
    private readonly PageReader pages;
    private readonly int pageEvents;

    internal EventTail(EventBuffer buffer, PageReader pages, EventStoreOptions options)
    {
        this.buffer = buffer;
        this.pages = pages;
        pageEvents = options.PageEvents;
    }

    /// <summary>The highest position known to be complete; 0 until the tail has looked for the first time.</summary>
    public long HighWater => buffer.HighWater;

    /// <summary>
    /// The position of the tenant's latest event that this process knows of, or of a later one of somebody else; what reflects it reflects
    /// all that is known of the tenant. Above every position until the tail has looked for the first time.
    /// </summary>
    public long LatestOf(TenantId tenant) => buffer.Tenants.Of(tenant);

    /// <summary>Every event after a position, in order, exactly once, then the new ones as they come; ends only by the token.</summary>
    public async IAsyncEnumerable<EventPage> SubscribeAsync(long after, [EnumeratorCancellation] CancellationToken ct)
    {
        while (true)
        {
            // Taken before the look: an advance during it ends the wait.
            var changed = buffer.Changed;
            if (after >= buffer.HighWater)
            {
                await changed.WaitAsync(ct);
                continue;
            }

            var page = await PageAsync(after, ct);
            after = page.Position;
            yield return page;
        }
    }

    /// <summary>The next page after a position that is below <see cref="HighWater"/>.</summary>
    internal async ValueTask<EventPage> PageAsync(long after, CancellationToken ct)
    {
        if (buffer.TryTake(after, pageEvents, out var page))
            return page;
        var high = buffer.HighWater;
        var events = await pages.ReadAsync(after, high, pageEvents, ct);
        return new EventPage(events, events.Count == pageEvents ? events[^1].Position : high, high);
    }
}
