using Events.Fixtures;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Running;

public sealed class ArrivalTests(PostgresServer server) : MessagingTest(server)
{
    private const string StoreSql =
        """
        select count(*)
        from store_and_claim(77, $3, 'default', array[$1], array[$2]::varchar[], array['ping']::varchar[], array['{"text":"fenced"}']::jsonb[],
            array[5]::smallint[], array[null]::varchar[], array[null]::varchar[])
        """;

    [Fact]
    public async Task What_a_process_sends_that_has_room_for_it_it_claims_while_it_stores_it()
    {
        await using var host = await StartAsync();
        await Database.DataSource.ExecuteAsync("alter table ready_messages add constraint nothing_waits check (type <> 'ping')");

        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("straight"), new() { TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" }, CancellationToken.None);

        var seen = await Probe.NextAsync();
        seen.Message.Text.ShouldBe("straight");
        seen.Context.TraceParent.ShouldBe("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        await HandledAsync(id);
        await EmptyAsync();
    }

    [Fact]
    public async Task It_claims_nothing_of_a_tenant_that_has_messages_waiting()
    {
        var node = await Database.DataSource.ScalarAsync<int>("insert into message_nodes (name) values ('here') returning node_id");
        await using (var sender = Sender())
            await sender.Bus.EnqueueAsync(Tenant, new Ping("first"), null, CancellationToken.None);
        var free = Tenants.New();

        (await Database.DataSource.ScalarAsync<long>(StoreSql, Guid.CreateVersion7(), Tenant.Value, node)).ShouldBe(0);
        (await Database.DataSource.ScalarAsync<long>(StoreSql, Guid.CreateVersion7(), free.Value, node)).ShouldBe(1);

        (await Database.DataSource.ScalarAsync<long>("select count(*) from ready_messages where tenant_id = $1", Tenant.Value)).ShouldBe(2);
        (await Database.DataSource.ScalarAsync<bool>("select not exists (select from ready_messages where tenant_id = $1)", free.Value)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_tenants_messages_are_claimed_on_arrival_as_far_as_they_can_all_run_at_once()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = (_, _, ct) => goOn.Task.WaitAsync(ct);
        await using var host = await StartAsync(m => m.Queue("default", concurrency: 4));

        var ids = new List<Guid>();
        for (var i = 0; i < 4; i++)
            ids.Add(await host.Bus.EnqueueAsync(Tenant, new Ping($"{i}"), null, CancellationToken.None));

        (await Database.DataSource.ScalarAsync<long>("select count(*) from claimed_batches")).ShouldBe(3, "three quarters of the slots are the most that one tenant gets");
        (await Database.DataSource.ScalarAsync<bool>("select count(*) = 1 and bool_and(id = $1) from ready_messages", ids[3])).ShouldBeTrue();
        goOn.SetResult();
        foreach (var id in ids)
            await HandledAsync(id);
        await EmptyAsync();
    }

    [Fact]
    public async Task Messages_of_many_senders_and_tenants_at_once_are_each_handled_once()
    {
        await using var host = await StartAsync();
        var tenants = Enumerable.Range(0, 40).Select(_ => Tenants.New()).ToArray();

        await Parallel.ForAsync(0, 2000, async (i, ct) => await host.Bus.EnqueueAsync(tenants[i % tenants.Length], new Ping($"{i}"), null, ct));

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 2000 from handled_messages");
        await EmptyAsync();
        Probe.Texts.Count.ShouldBe(2000);
        Probe.Texts.Distinct().Count().ShouldBe(2000);
    }

    [Fact]
    public async Task A_node_that_is_gone_claims_nothing_and_what_it_wanted_waits_for_others()
    {
        var id = Guid.CreateVersion7();

        (await Database.DataSource.ScalarAsync<long>(StoreSql, id, Tenant.Value, 4711)).ShouldBe(0);

        (await Database.DataSource.ScalarAsync<bool>("select exists (select from ready_messages where id = $1)", id)).ShouldBeTrue();
        (await Database.DataSource.ScalarAsync<bool>("select not exists (select from claimed_batches)")).ShouldBeTrue();
        await using var host = await StartAsync();
        await HandledAsync(id);
    }

    [Fact]
    public async Task A_message_that_comes_twice_and_holds_nothing_leaves_nothing_behind()
    {
        await using var host = await StartAsync();
        var message = host.Bus.Create(Tenant, new Ping("twice"));

        await host.Bus.EnqueueAsync([message, message], CancellationToken.None);

        await HandledAsync(message.Id);
        await EmptyAsync();
    }

    [Fact]
    public async Task What_was_handled_under_a_claim_that_a_crash_took_back_is_not_handled_again()
    {
        await using (var sender = Sender())
            await sender.Bus.EnqueueAsync(Tenant, new Ping("once"), null, CancellationToken.None);

        await Database.DataSource.ExecuteAsync("select mark_handled_late(array(select id from ready_messages), array[4711])");

        (await Database.DataSource.ScalarAsync<bool>("select not exists (select from ready_messages) and exists (select from handled_messages)")).ShouldBeTrue();
    }
}
