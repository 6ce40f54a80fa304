namespace Events.Messaging.Running;

/// <summary>
/// Tenants of whom this process lately took a message that had nothing before it: they are served as they send. Whoever works off
/// the backlog of others beside them goes gently (<see cref="BacklogPace"/>). The latest eight are enough to know of one.
/// </summary>
internal sealed class Guests(TimeProvider time)
{
    private static readonly TimeSpan Stay = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly Guest[] latest = new Guest[8];

    public void Note(string tenant)
    {
        var now = time.GetTimestamp();
        lock (gate)
        {
            var place = 0;
            for (var i = 0; i < latest.Length; i++)
            {
                if (latest[i].Tenant == tenant)
                {
                    latest[i] = new Guest(tenant, now);
                    return;
                }

                if (latest[i].At < latest[place].At)
                    place = i;
            }

            latest[place] = new Guest(tenant, now);
        }
    }

    /// <param name="busy">Whose backlog is being worked off.</param>
    public bool AnyBeside(IReadOnlySet<string> busy)
    {
        lock (gate)
        {
            foreach (var guest in latest)
            {
                if (guest.Tenant is not null && time.GetElapsedTime(guest.At) < Stay && !busy.Contains(guest.Tenant))
                    return true;
            }

            return false;
        }
    }

    private readonly record struct Guest(string? Tenant, long At);
}
