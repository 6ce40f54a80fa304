using Events.Fixtures;
using Events.Messaging.Scheduling;
using Events.Messaging.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Messaging.Tests.Scheduling;

public sealed class ScheduleTests(PostgresServer server) : MessagingTest(server)
{
    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private readonly Clock clock = new(DateTimeOffset.Parse("2026-11-21T09:00:30Z"));

    private TestHost Node() => TestHost.Create(
        Database,
        m => m.Handle<Ping, PingHandler>("ping").Schedule("nightly", "0 3 * * *", new Ping("sweep")),
        s => s.AddSingleton(Probe).AddSingleton<TimeProvider>(clock));

    [Fact]
    public async Task A_due_schedule_fires_once_however_many_nodes_look_at_it_and_keeps_its_history()
    {
        await using var first = Node();
        await using var second = Node();
        (await first.Get<ScheduleRunner>().FireDueAsync(CancellationToken.None)).ShouldBe(0);

        clock.Now = DateTimeOffset.Parse("2026-11-22T03:00:00Z");
        var fired = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? first : second).Get<ScheduleRunner>().FireDueAsync(CancellationToken.None)));

        fired.Sum().ShouldBe(1);
        (await Database.DataSource.ScalarAsync<long>("select count(*) from message_schedule_runs r join jobs j on j.id = r.job_id where r.name = 'nightly' and r.cause = 'cron'")).ShouldBe(1);
    }

    [Fact]
    public async Task Misses_are_made_up_for_by_one_run()
    {
        await using var node = Node();
        await node.Get<ScheduleRunner>().FireDueAsync(CancellationToken.None);

        clock.Now = DateTimeOffset.Parse("2026-11-30T12:00:00Z");
        (await node.Get<ScheduleRunner>().FireDueAsync(CancellationToken.None)).ShouldBe(1);
        (await node.Get<ScheduleRunner>().FireDueAsync(CancellationToken.None)).ShouldBe(0);
        var schedule = (await node.Get<ScheduleStore>().ListAsync("", 50, CancellationToken.None)).ShouldHaveSingleItem();
        (schedule.Name, schedule.Cron, schedule.NextRunAt).ShouldBe(("nightly", "0 3 * * *", DateTimeOffset.Parse("2026-12-01T03:00:00Z")));
    }

    [Fact]
    public async Task A_schedule_can_be_run_now()
    {
        await using var node = Node();

        var job = await node.Get<ScheduleRunner>().RunNowAsync("nightly", CancellationToken.None);

        (await Database.DataSource.ScalarAsync<string>("select cause from message_schedule_runs where job_id = $1", job!.Value)).ShouldBe("manual");
        (await node.Get<ScheduleRunner>().RunNowAsync("unknown", CancellationToken.None)).ShouldBeNull();
        var run = (await node.Get<ScheduleStore>().RunsAsync("nightly", null, 50, CancellationToken.None)).ShouldHaveSingleItem();
        (run.Cause, run.JobId, run.Status, run.Attempts).ShouldBe(("manual", job.Value, "queued", 0));
    }
}
