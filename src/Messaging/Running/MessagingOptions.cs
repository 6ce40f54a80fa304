using Events.Messaging.RabbitMq;

namespace Events.Messaging.Running;

/// <summary>Section <c>Events:Messaging</c>.</summary>
public sealed record MessagingOptions
{
    public const string Section = "Events:Messaging";

    /// <summary>How long a worker is believed to live after its last heartbeat; then its messages are taken over.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Between two heartbeats; at most a quarter of the lease.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks for work when no wake-up arrives.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long running handlers may go on when the worker stops; then they are cancelled and their messages handed back.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Least time between two writes of one job's progress.</summary>
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long handled ids are remembered, which is how late a duplicate may come.</summary>
    public TimeSpan HandledRetention { get; set; } = TimeSpan.FromDays(3);

    /// <summary>How long finished jobs are kept.</summary>
    public TimeSpan JobRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long dead letters and the history of attempts are kept.</summary>
    public TimeSpan DeadRetention { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Workers that may die while they hold a message until it counts as poison.</summary>
    public int MaxTakeovers { get; set; } = 5;

    /// <summary>
    /// Part of the time, 0.05 to 1, that this process works off a backlog while it serves tenants that have none; 1: always at full speed.
    /// </summary>
    public double BacklogShare { get; set; } = 0.4;

    public BrokerOptions RabbitMq { get; set; } = new();

    internal IEnumerable<string> Problems()
    {
        foreach (var problem in RabbitMq.Problems())
            yield return problem;
        if (Lease < TimeSpan.FromSeconds(1) || Lease > TimeSpan.FromMinutes(10))
            yield return "Events__Messaging__Lease takes 1 second to 10 minutes.";
        if (Heartbeat <= TimeSpan.Zero || Heartbeat * 4 > Lease)
            yield return "Events__Messaging__Heartbeat is at most a quarter of the lease.";
        if (PollInterval < TimeSpan.FromMilliseconds(50) || PollInterval > TimeSpan.FromMinutes(1))
            yield return "Events__Messaging__PollInterval takes 50 ms to 1 minute.";
        if (DrainTimeout < TimeSpan.Zero)
            yield return "Events__Messaging__DrainTimeout cannot be negative.";
        if (HandledRetention < TimeSpan.FromMinutes(1) || JobRetention < TimeSpan.FromMinutes(1) || DeadRetention < TimeSpan.FromMinutes(1))
            yield return "Events__Messaging__…Retention takes at least 1 minute.";
        if (BacklogShare is not (>= 0.05 and <= 1))
            yield return "Events__Messaging__BacklogShare takes 0.05 to 1.";
        if (MaxTakeovers < 1)
            yield return "Events__Messaging__MaxTakeovers is at least 1.";
    }
}
