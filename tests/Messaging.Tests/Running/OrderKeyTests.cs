using Events.Fixtures;
using Events.Messaging.DeadLetters;
using Events.Messaging.Retrying;
using Events.Messaging.Sending;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Running;

public sealed class OrderKeyTests(PostgresServer server) : MessagingTest(server)
{
    private static readonly MessageOptions Keyed = new() { OrderKey = "task-1" };

    [Fact]
    public async Task Messages_of_one_key_run_one_at_a_time_and_in_order()
    {
        var running = 0;
        var most = 0;
        Probe.Does = async (_, _, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
        };
        await using var host = await StartAsync();

        for (var i = 0; i < 50; i++)
            await host.Bus.EnqueueAsync(Tenant, new Ping($"{i}"), Keyed, CancellationToken.None);

        await EmptyAsync();
        Probe.Texts.ShouldBe(Enumerable.Range(0, 50).Select(i => $"{i}"));
        most.ShouldBe(1);
        (await Database.DataSource.ScalarAsync<bool>("select exists (select from order_lines)")).ShouldBeFalse();
    }

    [Fact]
    public async Task Messages_enqueued_together_keep_the_order_of_their_key()
    {
        await using var host = await StartAsync();

        await host.Bus.EnqueueAsync([.. Enumerable.Range(0, 40).Select(i => host.Bus.Create(Tenant, new Ping($"{i}"), new() { OrderKey = $"k{i % 2}" }))], CancellationToken.None);

        await EmptyAsync();
        Probe.Texts.Where(t => int.Parse(t) % 2 == 0).ShouldBe(Enumerable.Range(0, 20).Select(i => $"{2 * i}"));
        Probe.Texts.Where(t => int.Parse(t) % 2 == 1).ShouldBe(Enumerable.Range(0, 20).Select(i => $"{(2 * i) + 1}"));
    }

    [Fact]
    public async Task A_failing_message_keeps_the_later_ones_of_its_key_waiting()
    {
        Probe.Does = (message, context, _) => message.Text == "first" && context.Attempt < 3
            ? throw new InvalidOperationException("Not yet.")
            : Task.CompletedTask;
        await using var host = await StartAsync();

        await host.Bus.EnqueueAsync(Tenant, new Ping("first"), Keyed, CancellationToken.None);
        await host.Bus.EnqueueAsync(Tenant, new Ping("second"), Keyed, CancellationToken.None);

        await EmptyAsync();
        Probe.Texts.ShouldBe(["first", "first", "first", "second"]);
    }

    [Fact]
    public async Task A_dead_message_holds_its_line_until_it_is_replayed()
    {
        var fixedNow = false;
        Probe.Does = (message, _, _) => message.Text == "first" && !fixedNow ? throw new PermanentFailureException("Broken.") : Task.CompletedTask;
        await using var host = await StartAsync();
        var first = await host.Bus.EnqueueAsync(Tenant, new Ping("first"), Keyed, CancellationToken.None);
        var second = await host.Bus.EnqueueAsync(Tenant, new Ping("second"), Keyed, CancellationToken.None);
        var other = await host.Bus.EnqueueAsync(Tenant, new Ping("other"), new() { OrderKey = "task-2" }, CancellationToken.None);
        await HandledAsync(other);
        await Soon.UntilAsync(Database.DataSource, "select exists (select from dead_messages where id = $1)", first);
        (await Database.DataSource.ScalarAsync<bool>("select exists (select from waiting_messages where id = $1)", second)).ShouldBeTrue();

        fixedNow = true;
        (await host.Get<DeadLetterStore>().ReplayAsync(Tenant, first, CancellationToken.None)).ShouldBeTrue();

        await HandledAsync(second);
        Probe.Texts.Where(t => t != "other").ShouldBe(["first", "first", "second"]);
    }

    [Fact]
    public async Task Discarding_a_dead_message_lets_its_line_go_on()
    {
        Probe.Does = (message, _, _) => message.Text == "first" ? throw new PermanentFailureException("Broken.") : Task.CompletedTask;
        await using var host = await StartAsync();
        var first = await host.Bus.EnqueueAsync(Tenant, new Ping("first"), Keyed, CancellationToken.None);
        var second = await host.Bus.EnqueueAsync(Tenant, new Ping("second"), Keyed, CancellationToken.None);
        await Soon.UntilAsync(Database.DataSource, "select exists (select from dead_messages where id = $1)", first);

        (await host.Get<DeadLetterStore>().DiscardAsync(Tenant, first, CancellationToken.None)).ShouldBeTrue();

        await HandledAsync(second);
    }

    [Fact]
    public async Task A_line_goes_on_although_a_node_died_holding_a_repeated_message_at_its_head()
    {
        await using var sender = Sender();
        var first = sender.Bus.Create(Tenant, new Ping("first"), Keyed);
        await sender.Bus.EnqueueAsync([first, first, sender.Bus.Create(Tenant, new Ping("second"), Keyed)], CancellationToken.None);
        var dead = await Database.DataSource.ScalarAsync<int>("insert into message_nodes (name, heartbeat_at) values ('dead', now() - interval '1 minute') returning node_id");
        const string Claim = "select seq from claim_messages($1, $2, 'default', 20, '', null, '{}', '{}', 20, '{}', '{}', null, null)";
        await Database.DataSource.ScalarAsync<long>(Claim, 1L, dead);
        await Database.DataSource.ExecuteAsync("select complete_messages(array[1], array[$1], array[null::jsonb])", first.Id);
        await Database.DataSource.ScalarAsync<long>(Claim, 2L, dead);

        await using var host = await StartAsync(options: new() { Lease = TimeSpan.FromSeconds(1), Heartbeat = TimeSpan.FromMilliseconds(200) });

        (await Probe.NextAsync()).Message.Text.ShouldBe("second");
        await EmptyAsync();
    }
}
