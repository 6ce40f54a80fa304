using Events.Fixtures;
using Events.Messaging.Running;
using Events.Messaging.Sending;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Nodes;

public sealed class NodeTests(PostgresServer server) : MessagingTest(server)
{
    [Fact]
    public async Task A_dead_nodes_messages_are_taken_over_but_not_what_it_had_handled()
    {
        await using var sender = Sender();
        var messages = Enumerable.Range(0, 20).Select(i => Pinging(sender, Tenant, $"{i}")).ToList();
        await sender.Bus.EnqueueAsync(messages, CancellationToken.None);
        // A node that has claimed all and handled the first ten, and then was killed.
        var dead = await Database.DataSource.ScalarAsync<int>("insert into message_nodes (name, heartbeat_at) values ('dead', now() - interval '1 minute') returning node_id");
        (await Database.DataSource.ScalarAsync<long>("select count(*) from claim_messages(1, $1, 'default', 20, '', null, '{}', '{}', 20, '{}', '{}', null, null)", dead)).ShouldBe(20);
        await Database.DataSource.ExecuteAsync("insert into handled_messages (id) select unnest($1)", messages.Take(10).Select(m => m.Id).ToArray());

        await using var host = await StartAsync(options: new() { Lease = TimeSpan.FromSeconds(1), Heartbeat = TimeSpan.FromMilliseconds(200) });

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 20 from handled_messages");
        Probe.Texts.Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(10, 10).Select(i => $"{i}"));
        await Soon.UntilAsync(Database.DataSource, "select count(*) = 1 from message_nodes");
    }

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_handed_back_by_the_node_that_lives_on()
    {
        // The first claim commits, and its answer cannot be read: as good as a connection that broke at that moment.
        await Database.DataSource.ExecuteAsync("""
            create sequence lost_answers;
            alter function claim_messages rename to claim_for_real;
            create function claim_messages(
                p_claim_id bigint, p_node_id integer, p_queue varchar, p_limit integer, p_after varchar, p_only varchar[],
                p_from_priority smallint[], p_from_seq bigint[], p_tenant_limit integer,
                p_held_tenants varchar[], p_held_counts integer[], p_cluster_limit integer, p_cluster_tenant_limit integer)
            returns table (
                seq bigint, id uuid, tenant_id varchar, type varchar, priority smallint, attempt smallint,
                takeovers smallint, enqueued_at timestamptz, body jsonb, order_key varchar, unique_key varchar, batch_id uuid,
                traceparent varchar, correlation_id varchar, is_job boolean)
            language sql as $$
                select c.seq, c.id, case when nextval('lost_answers') > 1 then c.tenant_id end, c.type, c.priority, c.attempt,
                    c.takeovers, c.enqueued_at, c.body, c.order_key, c.unique_key, c.batch_id, c.traceparent, c.correlation_id, c.is_job
                from claim_for_real(p_claim_id, p_node_id, p_queue, p_limit, p_after, p_only, p_from_priority, p_from_seq,
                    p_tenant_limit, p_held_tenants, p_held_counts, p_cluster_limit, p_cluster_tenant_limit) c
            $$
            """);
        await using var host = await StartAsync();

        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("lost and found"), null, CancellationToken.None);

        await HandledAsync(id);
        Probe.Texts.ShouldHaveSingleItem();
        (await Database.DataSource.ScalarAsync<bool>("select attempts = 1 and status = 'succeeded' from jobs where id = $1", id)).ShouldBeTrue();
        (await Database.DataSource.ScalarAsync<long>("select count(*) from message_nodes")).ShouldBe(1);
    }

    [Fact]
    public async Task A_long_attempt_is_never_run_a_second_time_beside_itself_while_its_node_lives()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = (_, _, ct) => goOn.Task.WaitAsync(ct);
        var options = new MessagingOptions { Lease = TimeSpan.FromSeconds(2), Heartbeat = TimeSpan.FromMilliseconds(200) };
        await using var first = await StartAsync(options: options);
        var id = await first.Bus.EnqueueAsync(Tenant, new Ping("long"), null, CancellationToken.None);
        await Probe.NextAsync();
        await using var second = await StartAsync(options: options);

        // More than two leases of the first node, by the database's clock.
        var until = await Database.DataSource.ScalarAsync<DateTime>("select now() + interval '5 seconds'");
        await Soon.UntilAsync(Database.DataSource, "select now() > $1", until);

        Probe.Texts.Count.ShouldBe(1);
        goOn.SetResult();
        await HandledAsync(id);
        Probe.Texts.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_that_was_declared_dead_gives_up_and_starts_again()
    {
        var abandoned = new TaskCompletionSource();
        Probe.Does = async (message, context, ct) =>
        {
            if (message.Text != "held" || context.Attempt > 1 || abandoned.Task.IsCompleted)
                return;
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                abandoned.TrySetResult();
            }
        };
        await using var host = await StartAsync(options: new() { Lease = TimeSpan.FromSeconds(2), Heartbeat = TimeSpan.FromMilliseconds(50) });
        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("held"), null, CancellationToken.None);
        await Probe.NextAsync();

        // Another node's verdict, as after a pause of this one.
        await Database.DataSource.ExecuteAsync("update message_nodes set heartbeat_at = now() - interval '1 hour'; select take_over_node(node_id, interval '1 minute') from message_nodes");

        await abandoned.Task.WaitAsync(Soon.Limit);
        await HandledAsync(id);
        Probe.Texts.Count(t => t == "held").ShouldBe(2);
    }

    [Fact]
    public async Task A_node_that_stops_hands_back_what_it_has_not_started_and_finishes_what_it_has()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = (_, _, ct) => goOn.Task.WaitAsync(ct);
        var host = await StartAsync(m => m.Queue("default", concurrency: 2, tenantConcurrency: 2));
        var started = await host.Bus.EnqueueAsync(Tenant, new Ping("started"), null, CancellationToken.None);
        await Probe.NextAsync();

        var stop = host.DisposeAsync();
        await Soon.UntilAsync(Database.DataSource, "select true");
        stop.IsCompleted.ShouldBeFalse();
        goOn.SetResult();
        await stop;

        (await Database.DataSource.ScalarAsync<bool>("select exists (select from handled_messages where id = $1)", started)).ShouldBeTrue();
        (await Database.DataSource.ScalarAsync<bool>("select exists (select from message_nodes)")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_handler_that_does_not_end_in_time_at_a_stop_is_cancelled_and_its_message_handed_back_unharmed()
    {
        Probe.Does = (_, _, ct) => Task.Delay(Timeout.Infinite, ct);
        var host = await StartAsync(options: new() { DrainTimeout = TimeSpan.Zero });
        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("endless"), null, CancellationToken.None);
        await Probe.NextAsync();

        await host.DisposeAsync();

        (await Database.DataSource.ScalarAsync<bool>("select attempt = 0 and takeovers = 0 from ready_messages where id = $1", id)).ShouldBeTrue();
        (await Database.DataSource.ScalarAsync<string>("select status from jobs where id = $1", id)).ShouldBe("queued");
    }

    [Fact]
    public async Task Work_is_found_by_polling_when_no_notification_comes()
    {
        await using var host = await StartAsync(options: new() { PollInterval = TimeSpan.FromMilliseconds(100) });

        // Behind the back of the function that notifies.
        await Database.DataSource.ExecuteAsync("insert into ready_messages (seq, id, tenant_id, queue, type, priority, body) values (1, gen_random_uuid(), 't', 'default', 'ping', 5, '{\"text\":\"polled\"}')");

        (await Probe.NextAsync()).Message.Text.ShouldBe("polled");
    }

    [Fact]
    public async Task A_message_that_killed_too_many_workers_is_poison()
    {
        await Database.DataSource.ExecuteAsync("insert into ready_messages (seq, id, tenant_id, queue, type, priority, takeovers, body) values (1, gen_random_uuid(), 't', 'default', 'ping', 5, 5, '{\"text\":\"killer\"}')");
        await using var host = await StartAsync();

        await Soon.UntilAsync(Database.DataSource, "select exists (select from dead_messages where reason = 'poison')");

        Probe.Texts.ShouldBeEmpty();
    }

    [Fact]
    public async Task While_nothing_fails_no_message_is_run_twice()
    {
        await using var host = await StartAsync();

        // From many senders one by one: slots come free and are filled again all the time.
        await Parallel.ForAsync(0, 4000, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, ct) =>
            await host.Bus.EnqueueAsync(Tenant, new Ping($"{i}"), null, ct));

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 4000 from handled_messages");
        Probe.Texts.Count.ShouldBe(4000);
        Probe.Texts.Distinct(StringComparer.Ordinal).Count().ShouldBe(4000);
    }

    [Fact]
    public async Task A_job_whose_commit_went_through_unheard_has_succeeded_and_is_not_tried_again()
    {
        await using var sender = Sender();
        var id = await sender.Bus.EnqueueAsync(Tenant, new Pong("unheard"), null, CancellationToken.None);
        var node = await Database.DataSource.ScalarAsync<int>("insert into message_nodes (name) values ('this') returning node_id");
        await Database.DataSource.ExecuteAsync("select claim_messages(7, $1, 'pongs', 20, '', null, '{}', '{}', 20, '{}', '{}', null, null)", node);
        await Database.DataSource.ExecuteAsync("insert into handled_messages (id) values ($1)", id);

        // The node saw its connection break, and settles the attempt as failed.
        (await Database.DataSource.ScalarAsync<bool>("select settle_message(7, $1, 'retry', now(), now(), 'this', null, 'Broken', 'Broken.', null)", id)).ShouldBeFalse();

        (await Database.DataSource.ScalarAsync<string>("select status from jobs where id = $1", id)).ShouldBe("succeeded");
        (await Database.DataSource.ScalarAsync<bool>("select exists (select from scheduled_messages)")).ShouldBeFalse();
    }
}
