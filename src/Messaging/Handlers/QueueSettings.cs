namespace Events.Messaging.Handlers;

/// <summary>How a queue is worked off.</summary>
public sealed record QueueSettings(string Name)
{
    public const string Default = "default";

    /// <summary>Handlers that run at the same time in one process.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>Of these, for one tenant; null: three quarters, so that one tenant never holds all.</summary>
    public int? TenantConcurrency { get; init; }

    /// <summary>Messages in claim at the same time in all processes; null: no limit. Costs throughput: each is claimed alone.</summary>
    public int? ClusterConcurrency { get; init; }

    /// <summary>Of these, for one tenant.</summary>
    public int? ClusterTenantConcurrency { get; init; }

    /// <summary>Short messages that may be claimed ahead of their turn; long ones never are.</summary>
    public int Prefetch { get; init; } = 1000;

    internal bool HasClusterLimit => ClusterConcurrency is not null || ClusterTenantConcurrency is not null;

    internal int LocalTenantLimit => TenantConcurrency ?? (Concurrency <= 1 ? 1 : Math.Max(1, Concurrency * 3 / 4));

    internal IEnumerable<string> Problems()
    {
        if (Name.Length is 0 or > 100 || Name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            yield return $"The queue name \"{Name}\" must have 1 to 100 characters and no spaces.";
        if (Concurrency is < 1 or > 1000)
            yield return $"The queue {Name} takes a concurrency of 1 to 1000.";
        if (TenantConcurrency is < 1 || ClusterConcurrency is < 1 || ClusterTenantConcurrency is < 1)
            yield return $"The limits of the queue {Name} are at least 1.";
        if (Prefetch is < 0 or > 10_000)
            yield return $"The queue {Name} takes a prefetch of 0 to 10000.";
    }
}
