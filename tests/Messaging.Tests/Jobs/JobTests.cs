using Events.Fixtures;
using Events.Messaging.Jobs;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Jobs;

public sealed class JobTests(PostgresServer server) : MessagingTest(server)
{
    [Fact]
    public async Task P10_a_job_shows_its_progress_while_it_runs_and_its_result_afterwards()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = async (_, context, ct) =>
        {
            context.Progress(3, 10, "Reading rows");
            await goOn.Task.WaitAsync(ct);
            context.SetResult(new { Rows = 10 });
        };
        await using var host = await StartAsync();
        var jobs = host.Get<JobStore>();

        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("import"), null, CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select progress_done = 3 from jobs where id = $1", id);
        var running = (await jobs.FindAsync(Tenant, id, CancellationToken.None))!;
        running.Status.ShouldBe("running");
        running.ProgressTotal.ShouldBe(10);
        running.ProgressMessage.ShouldBe("Reading rows");
        running.Attempts.ShouldBe(1);
        running.StartedAt.ShouldNotBeNull();

        goOn.SetResult();
        await HandledAsync(id);
        var done = (await jobs.FindAsync(Tenant, id, CancellationToken.None))!;
        done.Status.ShouldBe("succeeded");
        System.Text.Encoding.UTF8.GetString(done.Result!.Value.Span).ShouldBe("""{"rows": 10}""");
        done.FinishedAt.ShouldNotBeNull();
    }

    [Fact]
    public async Task Cancelling_a_running_job_reaches_its_handler()
    {
        var stopped = new TaskCompletionSource();
        Probe.Does = async (_, _, ct) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                stopped.SetResult();
            }
        };
        await using var host = await StartAsync();
        var jobs = host.Get<JobStore>();
        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("long"), null, CancellationToken.None);
        await Probe.NextAsync();

        (await jobs.CancelAsync(Tenant, id, CancellationToken.None)).ShouldBe(JobAnswer.Requested);

        await stopped.Task.WaitAsync(Soon.Limit);
        await Soon.UntilAsync(Database.DataSource, "select status = 'cancelled' from jobs where id = $1", id);
        await EmptyAsync();
        (await jobs.CancelAsync(Tenant, id, CancellationToken.None)).ShouldBe(JobAnswer.Done);
    }

    [Fact]
    public async Task Cancelling_a_waiting_or_delayed_job_ends_it_at_once()
    {
        await using var host = Sender();
        var jobs = host.Get<JobStore>();
        var ready = await host.Bus.EnqueueAsync(Tenant, new Pong("ready"), null, CancellationToken.None);
        var delayed = await host.Bus.EnqueueAsync(Tenant, new Pong("delayed"), new() { ScheduledFor = DateTimeOffset.UtcNow.AddHours(1) }, CancellationToken.None);
        var head = await host.Bus.EnqueueAsync(Tenant, new Pong("head"), new() { OrderKey = "k" }, CancellationToken.None);
        var behind = await host.Bus.EnqueueAsync(Tenant, new Pong("behind"), new() { OrderKey = "k" }, CancellationToken.None);
        var last = await host.Bus.EnqueueAsync(Tenant, new Pong("last"), new() { OrderKey = "k" }, CancellationToken.None);

        foreach (var id in (Guid[])[ready, delayed, head, behind])
            (await jobs.CancelAsync(Tenant, id, CancellationToken.None)).ShouldBe(JobAnswer.Done);

        (await Database.DataSource.ScalarAsync<long>("select count(*) from jobs where status = 'cancelled'")).ShouldBe(4);
        (await Database.DataSource.ScalarAsync<bool>("select exists (select from ready_messages where id = $1)", last)).ShouldBeTrue("its line is free");
        (await jobs.CancelAsync(Tenants.New(), last, CancellationToken.None)).ShouldBe(JobAnswer.Unknown, "another tenant's job is not there");
        (await jobs.RetryAsync(Tenant, ready, CancellationToken.None)).ShouldBe(JobAnswer.NotPossible);
    }

    [Fact]
    public async Task A_jobs_list_is_the_tenants_own_newest_first_and_paged()
    {
        await using var host = Sender();
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
            ids.Add(await host.Bus.EnqueueAsync(Tenant, new Pong($"{i}"), null, CancellationToken.None));
        await host.Bus.EnqueueAsync(Tenants.New(), new Pong("foreign"), null, CancellationToken.None);
        var jobs = host.Get<JobStore>();

        var first = await jobs.ListAsync(Tenant, null, 3, CancellationToken.None);
        var second = await jobs.ListAsync(Tenant, first[^1].Id, 3, CancellationToken.None);

        // Those of one millisecond are in the order of their random bits.
        first.Concat(second).Select(j => j.Id).ShouldBe(ids.OrderByDescending(id => id.ToString(), StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_cancelled_and_counts_as_failed()
    {
        Probe.Does = (_, context, ct) => context.Attempt == 1 ? Task.Delay(Timeout.Infinite, ct) : Task.CompletedTask;
        await using var host = await TestHost.StartAsync(
            Database,
            m => m.Handle<Ping, PingHandler>("ping", retry: Quick, timeLimit: TimeSpan.FromMilliseconds(50)),
            s => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(s, Probe));

        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("slow"), null, CancellationToken.None);

        await HandledAsync(id);
        (await Database.DataSource.ScalarAsync<string>("select error_type from message_attempts where message_id = $1", id)).ShouldBe("System.TimeoutException");
    }

    [Fact]
    public async Task Everybody_who_follows_a_tenants_jobs_is_told_of_each_change_and_nobody_of_anothers()
    {
        await using var host = await StartAsync();
        var feed = host.Get<JobFeed>();
        using var limit = new CancellationTokenSource(Soon.Limit);
        var stranger = Tenants.New();
        var following = new[] { Tenant, Tenant, stranger }.Select(t => UntilSucceededAsync(feed, t, limit.Token)).ToArray();
        await Soon.UntilAsync(Database.DataSource, "select exists (select from pg_stat_activity where query like '%listen job_changes%' and pid <> pg_backend_pid() and datname = current_database())");

        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("followed"), null, CancellationToken.None);
        var other = await host.Bus.EnqueueAsync(stranger, new Pong("elsewhere"), null, CancellationToken.None);

        (await Task.WhenAll(following)).ShouldBe([id, id, other]);
    }

    private static async Task<Guid> UntilSucceededAsync(JobFeed feed, Events.Platform.Tenancy.TenantId tenant, CancellationToken ct)
    {
        await foreach (var job in feed.SubscribeAsync(tenant, ct))
        {
            if (job.Status == "succeeded")
                return job.Id;
        }

        throw new InvalidOperationException("The feed ended.");
    }
}
