using Events.Platform.Pacing;
using Events.Projections.Engine;

namespace Events.Workers.Pacing;

/// <summary>
/// The pace of work that appends thousands of events. At full speed while nobody is served; else in small bursts with rests
/// between them, and never more than a burst ahead of the read models: what they still had to do would pile up and then take the
/// processors for as long as all of it lasts.
/// </summary>
internal sealed class WorkPace(ForegroundLoad foreground, ProjectionPositions positions, PaceOptions options, TimeProvider time)
{
    /// <summary>A read model of each lane: the others of a lane move with it.</summary>
    private static readonly string[] Followers = ["TaskList", "TaskDetail"];

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>Read models that do not move, being paused or rebuilt, are not waited for again for so long.</summary>
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(30);

    private long gaveUp = long.MinValue;

    private bool IsGentle => options.Always || foreground.IsActive;

    /// <summary>How many rows the next burst may have.</summary>
    public int Burst(int most) => IsGentle ? Math.Min(most, options.Rows) : most;

    /// <summary>
    /// Rests after a burst that began at a time stamp. The read models may still be one burst behind: they follow while this rests.
    /// </summary>
    /// <param name="before">Position of the last event appended before this burst; 0: none.</param>
    public async Task RestAsync(long began, long before, CancellationToken ct)
    {
        if (!IsGentle)
            return;
        var worked = time.GetElapsedTime(began);
        await Task.Delay(Min(worked * (100 - options.Percent) / options.Percent, LongestWait), time, ct);
        if (before > 0)
            await FollowedAsync(before, ct);
    }

    private async Task FollowedAsync(long position, CancellationToken ct)
    {
        if (Volatile.Read(ref gaveUp) is not long.MinValue and var at && time.GetElapsedTime(at) < Impatience)
            return;
        foreach (var name in Followers)
        {
            var (heard, wait) = (positions.Heard(name), default(PositionWait));
            while (!(wait = await positions.WaitAsync(name, position, LongestWait, ct)).Reached && wait.Position > heard)
                heard = wait.Position;
            if (wait.Reached)
                continue;
            Volatile.Write(ref gaveUp, time.GetTimestamp());
            return;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
