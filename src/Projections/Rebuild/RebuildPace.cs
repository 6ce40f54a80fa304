using Events.Platform.Pacing;

namespace Events.Projections.Rebuild;

/// <summary>
/// The pace of one lane of a rebuild: full speed while nobody is served, else in short stretches with a rest as long after each. What
/// feeds the lane or takes from it, the server's end of a COPY, stands still with it.
/// </summary>
internal sealed class RebuildPace(ForegroundLoad foreground, TimeProvider time)
{
    private static readonly TimeSpan Stretch = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(50);

    private long began = time.GetTimestamp();

    /// <summary>Called between two small pieces of work.</summary>
    public ValueTask BreatheAsync(CancellationToken ct)
    {
        var worked = time.GetElapsedTime(began);
        if (foreground.IsActive)
            return worked < Stretch ? default : RestAsync(worked, ct);
        began = time.GetTimestamp();
        return default;
    }

    /// <summary>The same on a thread of one's own.</summary>
    public void Breathe(CancellationToken ct)
    {
        var breath = BreatheAsync(ct);
        if (!breath.IsCompletedSuccessfully)
            breath.AsTask().GetAwaiter().GetResult();
    }

    private async ValueTask RestAsync(TimeSpan worked, CancellationToken ct)
    {
        await Task.Delay(worked < LongestRest ? worked : LongestRest, time, ct);
        began = time.GetTimestamp();
    }
}
