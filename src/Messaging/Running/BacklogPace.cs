namespace Events.Messaging.Running;

/// <summary>
/// How a queue's backlog is worked off. Alone as fast as it goes; beside guests in bursts with rests between them, because a flood
/// that always has the processors and the log's lock makes every step of somebody else's message queue behind its own.
/// Used by the queue's claim loop alone.
/// </summary>
internal sealed class BacklogPace(Guests guests, MessagingOptions options)
{
    private const int Largest = 500;

    /// <summary>Large enough that a claim and its marks are worth their transactions, small enough to be over in milliseconds.</summary>
    public const int Burst = 150;

    /// <summary>A burst that takes longer is slow for other reasons, and rests no longer than this.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(100);

    private HashSet<string> busy = [];
    private bool gentle;

    /// <returns>Most messages that the next claim takes.</returns>
    public int NextClaim()
    {
        gentle = options.BacklogShare < 1 && busy.Count > 0 && guests.AnyBeside(busy);
        return gentle ? Burst : Largest;
    }

    /// <returns>Whether a rest is due when these have ended.</returns>
    public bool Took(List<ClaimedMessage> claimed)
    {
        busy = claimed.Count < Burst ? [] : WithBacklog(claimed);
        return gentle && busy.Count > 0;
    }

    public TimeSpan RestAfter(TimeSpan work)
    {
        var rest = work * ((1 - options.BacklogShare) / options.BacklogShare);
        return rest < LongestRest ? rest : LongestRest;
    }

    /// <summary>Who gave about as much as the others; a single message of somebody else is no backlog.</summary>
    private static HashSet<string> WithBacklog(List<ClaimedMessage> claimed)
    {
        var tenants = claimed.CountBy(m => m.Tenant.Value, StringComparer.Ordinal).ToList();
        var share = claimed.Count / tenants.Count;
        return tenants.Where(t => t.Value * 2 >= share).Select(t => t.Key).ToHashSet(StringComparer.Ordinal);
    }
}
