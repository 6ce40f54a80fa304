using Events.Fixtures;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Running;

public sealed class FairnessTests(PostgresServer server) : MessagingTest(server)
{
    [Fact]
    public async Task A_tenants_message_does_not_wait_behind_anothers_hundred_thousand()
    {
        var flooding = Tenants.New();
        await Database.DataSource.ExecuteAsync(
            "insert into ready_messages (seq, id, tenant_id, queue, type, priority, body) select nextval('message_sequence'), gen_random_uuid(), $1, 'default', 'ping', 0, '{\"text\":\"flood\"}' from generate_series(1, 100000)",
            flooding.Value);
        await using var host = await StartAsync();
        await Probe.NextAsync();

        var before = Probe.Texts.Count;
        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("mine"), null, CancellationToken.None);
        await HandledAsync(id);

        (await Database.DataSource.ScalarAsync<bool>("select count(*) > 1000 from ready_messages where tenant_id = $1", flooding.Value)).ShouldBeTrue("the flood is not over yet");
        before.ShouldBeLessThan(100_000);
    }

    [Fact]
    public async Task A_backlog_is_worked_off_in_bursts_while_another_tenant_is_served_and_at_full_speed_otherwise()
    {
        var flooding = Tenants.New();
        await Database.DataSource.ExecuteAsync(
            "insert into ready_messages (seq, id, tenant_id, queue, type, priority, body) select nextval('message_sequence'), gen_random_uuid(), $1, 'default', 'ping', 0, '{\"text\":\"flood\"}' from generate_series(1, 100000)",
            flooding.Value);
        await Database.DataSource.ExecuteAsync(
            """
            create table claims (size integer primary key);
            create function note_claim() returns trigger language plpgsql as
                $$ begin insert into claims values (cardinality(new.entries)) on conflict do nothing; return new; end $$;
            create trigger note after insert on claimed_batches for each row execute function note_claim()
            """);
        await using var host = await StartAsync();
        await Soon.UntilAsync(Database.DataSource, "select exists (select from claims where size > 150)");

        using var served = new CancellationTokenSource();
        var serving = Task.Run(async () =>
        {
            while (!served.IsCancellationRequested)
                await host.Bus.EnqueueAsync(Tenant, new Ping("mine"), null, CancellationToken.None);
        });
        await Soon.UntilAsync(Database.DataSource, "select exists (select from claims where size = 150)");
        await served.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task One_tenants_long_work_leaves_slots_for_the_others()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = (message, _, ct) => message.Text == "long" ? goOn.Task.WaitAsync(ct) : Task.CompletedTask;
        await using var host = await StartAsync(m => m.Queue("default", concurrency: 4));
        var busy = Tenants.New();
        for (var i = 0; i < 20; i++)
            await host.Bus.EnqueueAsync(busy, new Ping("long"), null, CancellationToken.None);
        for (var i = 0; i < 3; i++)
            await Probe.NextAsync();

        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("short"), null, CancellationToken.None);

        await HandledAsync(id);
        Probe.Texts.Count(t => t == "long").ShouldBe(3, "three quarters of the slots are the most that one tenant gets");
        goOn.SetResult();
        await EmptyAsync();
    }

    [Fact]
    public async Task Messages_that_were_taken_together_with_one_that_turns_out_long_do_not_wait_for_it()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = (message, _, ct) => message.Text == "long" ? goOn.Task.WaitAsync(ct) : Task.CompletedTask;
        await using var host = await StartAsync(m => m.Queue("default", concurrency: 4));
        await host.Bus.EnqueueAsync([.. Enumerable.Range(0, 500).Select(i => host.Bus.Create(Tenant, new Ping(i == 250 ? "long" : "short")))], CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 499 from handled_messages");

        goOn.SetResult();
        await EmptyAsync();
    }

    [Fact]
    public async Task A_cluster_wide_limit_holds_over_all_nodes_and_for_each_tenant()
    {
        var goOn = new TaskCompletionSource();
        var running = new System.Collections.Concurrent.ConcurrentBag<string>();
        Probe.Does = (_, context, ct) =>
        {
            running.Add(context.Tenant.Value);
            return goOn.Task.WaitAsync(ct);
        };
        void Limited(Handlers.MessagingBuilder m) => m.Queue("default", clusterConcurrency: 3, clusterTenantConcurrency: 2);
        await using var first = await StartAsync(Limited);
        await using var second = await StartAsync(Limited);
        var other = Tenants.New();
        for (var i = 0; i < 6; i++)
            await first.Bus.EnqueueAsync(Tenant, new Ping("a"), null, CancellationToken.None);
        for (var i = 0; i < 6; i++)
            await second.Bus.EnqueueAsync(other, new Ping("b"), null, CancellationToken.None);

        for (var i = 0; i < 3; i++)
            await Probe.NextAsync();
        running.Count.ShouldBe(3);
        running.CountBy(t => t).ShouldAllBe(t => t.Value <= 2);
        goOn.SetResult();
        await EmptyAsync();
        running.Count.ShouldBe(12);
    }
}
