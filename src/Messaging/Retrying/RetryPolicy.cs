namespace Events.Messaging.Retrying;

/// <summary>How often and how fast a failed message is tried again.</summary>
public sealed record RetryPolicy
{
    /// <summary>Five attempts, about 1 s, 4 s, 16 s and 64 s apart.</summary>
    public static RetryPolicy Default { get; } = new();

    /// <summary>One attempt only.</summary>
    public static RetryPolicy Never { get; } = new() { Attempts = 1 };

    /// <summary>Attempts in all, the first included; 1 to 100.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Before the second attempt; each further wait is <see cref="Factor"/> times longer.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    public double Factor { get; init; } = 4;

    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromHours(6);

    /// <summary>The waits themselves, instead of the formula; the last one repeats.</summary>
    public IReadOnlyList<TimeSpan>? Delays { get; init; }

    /// <summary>
    /// Part of each wait that is random, 0 to 1: failures that began together do not come back together. The wait lies
    /// between (1 - jitter) and 1 times its full length.
    /// </summary>
    public double Jitter { get; init; } = 0.25;

    /// <summary>What is an exception? Null: <see cref="FailureKinds.Of"/>.</summary>
    public Func<Exception, FailureKind>? Classify { get; init; }

    /// <param name="failed">Attempts that have failed so far, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    public TimeSpan DelayAfter(int failed, double random)
    {
        var full = Delays is { Count: > 0 }
            ? Delays[Math.Min(failed, Delays.Count) - 1].TotalMilliseconds
            : Math.Min(FirstDelay.TotalMilliseconds * Math.Pow(Factor, failed - 1), LongestDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (1 - (Math.Clamp(Jitter, 0, 1) * random)));
    }
}
