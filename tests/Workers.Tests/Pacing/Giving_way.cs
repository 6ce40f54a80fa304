using Events.Fixtures;
using Events.Platform.Pacing;
using Events.Projections.Engine;
using Events.Workers.Pacing;
using Events.Workers.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Workers.Tests.Pacing;

public sealed class Giving_way(PostgresServer server) : IAsyncLifetime
{
    private readonly ManualTime time = new();
    private Workshop workshop = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => workshop = await Workshop.OpenAsync(server, services =>
        services.AddSingleton(new PaceOptions { Rows = 3, Always = true }));

    public ValueTask DisposeAsync() => workshop.DisposeAsync();

    [Fact]
    public async Task Bursts_are_small_from_a_request_on_for_a_second_and_whole_while_nobody_waits()
    {
        var foreground = new ForegroundLoad(time);
        var pace = Pace(foreground, new PaceOptions { Rows = 25 });
        pace.Burst(250).ShouldBe(250);
        await pace.RestAsync(time.GetTimestamp(), 0, Ct);
        foreground.Note();
        pace.Burst(250).ShouldBe(25);
        pace.Burst(10).ShouldBe(10);
        time.Advance(TimeSpan.FromMilliseconds(999));
        pace.Burst(250).ShouldBe(25);
        time.Advance(TimeSpan.FromMilliseconds(1));
        pace.Burst(250).ShouldBe(250);
        time.Waits.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(50, 40, 40)]
    [InlineData(25, 40, 120)]
    [InlineData(100, 40, 0)]
    [InlineData(10, 900, 1_000)]
    public async Task A_burst_is_followed_by_a_rest_in_proportion(int percent, int worked, int rest)
    {
        var foreground = new ForegroundLoad(time);
        var began = time.GetTimestamp();
        time.Advance(TimeSpan.FromMilliseconds(worked));
        foreground.Note();
        await Pace(foreground, new PaceOptions { Percent = percent }).RestAsync(began, 0, Ct);
        time.Waits.ShouldBe(rest == 0 ? [] : [TimeSpan.FromMilliseconds(rest)]);
    }

    [Fact]
    public async Task An_import_that_gives_way_goes_in_small_bursts_and_is_not_held_up_by_read_models_that_nobody_feeds()
    {
        var workspace = await workshop.FoundAsync();
        var import = await workspace.ImportAsync("plan.csv", "csv", "id,title\n" + string.Concat(Enumerable.Range(1, 20).Select(i => $"{i},Task {i}\n")));
        var seen = new List<long>();
        var result = await workspace.RunAsync(import, progress => seen.Add(progress.Rows));
        result.Created.ShouldBe(20);
        seen.Take(6).ShouldBe([3, 6, 9, 12, 15, 18]);
    }

    private WorkPace Pace(ForegroundLoad foreground, PaceOptions options) => new(foreground, workshop.Get<ProjectionPositions>(), options, time);

    /// <summary>Stands still unless told; a wait is noted and over at once.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private long now = 1;

        public List<TimeSpan> Waits { get; } = [];

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Advance(TimeSpan by) => now += by.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != Timeout.InfiniteTimeSpan)
                Waits.Add(dueTime);
            return base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
        }
    }
}
