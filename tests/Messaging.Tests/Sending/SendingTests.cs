using Events.Fixtures;
using Events.Messaging.Retrying;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Sending;

public sealed class SendingTests(PostgresServer server) : MessagingTest(server)
{
    [Fact]
    public async Task While_a_unique_key_is_taken_another_message_with_it_is_not_stored()
    {
        var goOn = new TaskCompletionSource();
        Probe.Does = (_, _, ct) => goOn.Task.WaitAsync(ct);
        await using var host = await StartAsync();
        var first = await host.Bus.EnqueueAsync(Tenant, new Ping("first"), new() { UniqueKey = "nightly" }, CancellationToken.None);
        await Probe.NextAsync();

        await host.Bus.EnqueueAsync(Tenant, new Ping("second"), new() { UniqueKey = "nightly" }, CancellationToken.None);
        var foreign = await host.Bus.EnqueueAsync(Tenants.New(), new Ping("foreign"), new() { UniqueKey = "nightly" }, CancellationToken.None);
        goOn.SetResult();

        await HandledAsync(first);
        await HandledAsync(foreign);
        var third = await host.Bus.EnqueueAsync(Tenant, new Ping("third"), new() { UniqueKey = "nightly" }, CancellationToken.None);
        await HandledAsync(third);
        Probe.Texts.ShouldNotContain("second");
    }

    [Fact]
    public async Task A_delayed_message_runs_when_it_is_due_and_not_before()
    {
        await using var host = await StartAsync();
        var due = DateTimeOffset.UtcNow.AddSeconds(3);

        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("later"), new() { ScheduledFor = due }, CancellationToken.None);

        (await Database.DataSource.ScalarAsync<bool>("select exists (select from scheduled_messages where id = $1)", id)).ShouldBeTrue();
        await HandledAsync(id);
        (await Database.DataSource.ScalarAsync<bool>("select handled_at >= $2 from handled_messages where id = $1", id, due.UtcDateTime)).ShouldBeTrue();
    }

    [Fact]
    public async Task Lower_priorities_run_first_within_a_tenant()
    {
        await using (var sender = Sender())
        {
            foreach (var priority in (short[])[7, 3, 5, 1])
                await sender.Bus.EnqueueAsync(Tenant, new Ping($"{priority}"), new() { Priority = priority }, CancellationToken.None);
        }

        await using var host = await StartAsync(m => m.Queue("default", concurrency: 1));

        await EmptyAsync();
        Probe.Texts.ShouldBe(["1", "3", "5", "7"]);
    }

    [Fact]
    public async Task A_batch_sends_its_completion_when_the_last_of_it_has_ended()
    {
        Probe.Does = (message, _, _) => message.Text == "3" ? throw new PermanentFailureException("Broken.") : Task.CompletedTask;
        await using var host = await StartAsync();
        var completion = host.Bus.Create(Tenant, new Pong("all done"));

        var batch = await host.Bus.EnqueueBatchAsync(Tenant, [.. Enumerable.Range(0, 20).Select(i => Pinging(host, Tenant, $"{i}"))], completion, CancellationToken.None);

        await HandledAsync(completion.Id);
        Probe.Texts.Last().ShouldBe("all done");
        Probe.Texts.Count.ShouldBe(21);
        (await Database.DataSource.ScalarAsync<int>("select failed from message_batches where id = $1 and remaining = 0", batch)).ShouldBe(1);
    }

    [Fact]
    public async Task One_body_that_the_database_refuses_does_not_fail_its_neighbours()
    {
        await using var host = Sender();
        var bad = new Platform.Outbox.OutboxMessage(Guid.CreateVersion7(), Tenant, "ping", "default", """{"text":"""u8.ToArray());

        var calls = Enumerable.Range(0, 50)
            .Select(i => i == 25 ? host.Bus.EnqueueAsync([bad], CancellationToken.None) : host.Bus.EnqueueAsync(Tenant, new Ping($"{i}"), null, CancellationToken.None))
            .ToList();

        await Should.ThrowAsync<Exception>(() => Task.WhenAll(calls));
        calls.Where(c => c.IsFaulted).Select(c => c.Exception!.InnerException!.Message).ShouldHaveSingleItem().ShouldContain("22P02");
        (await Database.DataSource.ScalarAsync<long>("select count(*) from ready_messages")).ShouldBe(49);
    }

    [Fact]
    public async Task A_text_with_a_NUL_is_refused_at_the_door_and_one_that_only_writes_about_it_is_not()
    {
        await using var host = Sender();

        await Should.ThrowAsync<Messaging.Sending.MessageRefusedException>(() => host.Bus.EnqueueAsync(Tenant, new Ping("a\0b"), null, CancellationToken.None));
        await host.Bus.EnqueueAsync(Tenant, new Ping("a\\u0000b"), null, CancellationToken.None);

        (await Database.DataSource.ScalarAsync<long>("select count(*) from ready_messages")).ShouldBe(1);
    }
}
