namespace Events.Messaging.Running;

/// <summary>
/// Where a queue's next large claim looks. A walk probes for every tenant with work and takes from the left edge of each, which
/// means to pass whatever earlier claims have deleted there. So between two walks a claim goes on where the last one ended, for
/// the tenants that gave their whole share. What it passes by (more urgent, handed back, stored out of turn, of other tenants)
/// is found by the next walk, which is never later than what is claimed ahead here takes anyway.
/// </summary>
internal sealed class ClaimWalk(TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    private string after = "";
    private long walked;
    private Place[] places = [];

    public ClaimRequest Direct(ClaimRequest request)
    {
        if (places.Length > 0 && time.GetElapsedTime(walked) < Between)
        {
            return request with
            {
                Only = [.. places.Select(p => p.Tenant)],
                FromPriorities = [.. places.Select(p => p.Priority)],
                FromSequences = [.. places.Select(p => p.Sequence)],
            };
        }

        walked = time.GetTimestamp();
        return request with { After = after };
    }

    /// <param name="claimed">What the request brought, in the order of priority and sequence.</param>
    public void Took(ClaimRequest request, List<ClaimedMessage> claimed)
    {
        if (request.Only is null && claimed.Count > 0)
            after = LastInTurn(claimed, after);
        places = claimed.Count < request.Limit ? [] : WholeShares(claimed);
    }

    private static Place[] WholeShares(List<ClaimedMessage> claimed)
    {
        var tenants = claimed.GroupBy(m => m.Tenant.Value, StringComparer.Ordinal).ToList();
        var share = claimed.Count / tenants.Count;
        return [.. tenants.Where(t => t.Count() >= share).Select(t => new Place(t.Key, t.Last().Priority, t.Last().Sequence))];
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

    private readonly record struct Place(string Tenant, short Priority, long Sequence);
}
