using Events.Platform.Pacing;
using Events.Projections.Rebuild;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class RebuildPaceTests
{
    private readonly ManualTime time = new();

    [Fact]
    public async Task While_nobody_is_served_it_never_rests()
    {
        var pace = new RebuildPace(new ForegroundLoad(time), time);
        for (var i = 0; i < 100; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            await pace.BreatheAsync(CancellationToken.None);
        }

        time.Waits.ShouldBeEmpty();
    }

    [Fact]
    public async Task Beside_requests_it_rests_for_as_long_as_it_worked()
    {
        var foreground = new ForegroundLoad(time);
        var pace = new RebuildPace(foreground, time);
        foreground.Note();
        foreach (var worked in new[] { 2, 2, 7, 400 })
        {
            time.Advance(TimeSpan.FromMilliseconds(worked));
            await pace.BreatheAsync(CancellationToken.None);
        }

        time.Waits.ShouldBe([TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(7), TimeSpan.FromMilliseconds(50)]);
    }

    [Fact]
    public async Task A_second_after_the_last_request_it_works_through_again()
    {
        var foreground = new ForegroundLoad(time);
        var pace = new RebuildPace(foreground, time);
        foreground.Note();
        time.Advance(TimeSpan.FromSeconds(1));
        await pace.BreatheAsync(CancellationToken.None);
        time.Waits.ShouldBeEmpty();
        foreground.Note();
        time.Advance(TimeSpan.FromMilliseconds(3));
        await pace.BreatheAsync(CancellationToken.None);
        time.Waits.ShouldBe([TimeSpan.FromMilliseconds(3)]);
    }

    /// <summary>Stands still unless told; a wait is noted and over at once.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private long now = 1;

        public List<TimeSpan> Waits { get; } = [];

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => now += by.Ticks;

        public override long GetTimestamp() => now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != Timeout.InfiniteTimeSpan)
                Waits.Add(dueTime);
            return base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
        }
    }
}
