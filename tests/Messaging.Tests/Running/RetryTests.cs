using Events.Fixtures;
using Events.Messaging.DeadLetters;
using Events.Messaging.Jobs;
using Events.Messaging.Retrying;
using Events.Messaging.Sending;
using Events.Messaging.Tests.Hosting;

namespace Events.Messaging.Tests.Running;

public sealed class RetryTests(PostgresServer server) : MessagingTest(server)
{
    [Fact]
    public async Task P7_a_job_that_fails_five_times_is_a_dead_letter_with_its_five_attempts_and_can_be_replayed()
    {
        var broken = true;
        Probe.Does = (_, _, _) => broken ? throw new InvalidOperationException("The mail server is down.") : Task.CompletedTask;
        await using var host = await StartAsync();
        var jobs = host.Get<JobStore>();

        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("mail"), null, CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select exists (select from dead_messages where id = $1)", id);
        var letter = (await host.Get<DeadLetterStore>().FindAsync(Tenant, id, CancellationToken.None))!;
        letter.Reason.ShouldBe("exhausted");
        letter.Attempts.ShouldBe(5);
        letter.ErrorType.ShouldBe(typeof(InvalidOperationException).FullName);
        letter.ErrorMessage.ShouldBe("The mail server is down.");
        letter.ErrorDetail!.ShouldContain("Probe.HandleAsync");
        letter.History.Select(h => h.Attempt).ShouldBe([1, 2, 3, 4, 5]);
        System.Text.Encoding.UTF8.GetString(letter.Body.Span).ShouldContain("mail");
        var job = (await jobs.FindAsync(Tenant, id, CancellationToken.None))!;
        job.Status.ShouldBe("dead");
        job.Attempts.ShouldBe(5);
        Probe.Texts.Count.ShouldBe(5);

        broken = false;
        (await jobs.RetryAsync(Tenant, id, CancellationToken.None)).ShouldBe(JobAnswer.Done);

        await HandledAsync(id);
        (await jobs.FindAsync(Tenant, id, CancellationToken.None))!.Status.ShouldBe("succeeded");
        (await host.Get<DeadLetterStore>().FindAsync(Tenant, id, CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task A_permanent_failure_and_a_poisonous_body_are_dead_at_once()
    {
        Probe.Does = (_, _, _) => throw new PermanentFailureException("Never.");
        await using var host = await StartAsync();
        var permanent = await host.Bus.EnqueueAsync(Tenant, new Ping("x"), null, CancellationToken.None);
        var poison = new Platform.Outbox.OutboxMessage(Guid.CreateVersion7(), Tenant, "ping", "default", "[1]"u8.ToArray());
        await host.Bus.EnqueueAsync([poison], CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 2 from dead_messages");

        (await Database.DataSource.ScalarAsync<string>("select reason from dead_messages where id = $1", permanent)).ShouldBe("permanent");
        (await Database.DataSource.ScalarAsync<string>("select reason from dead_messages where id = $1", poison.Id)).ShouldBe("poison");
        Probe.Texts.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Many_dead_letters_of_a_type_are_replayed_at_once_and_only_those_of_the_tenant()
    {
        var broken = true;
        Probe.Does = (_, _, _) => broken ? throw new PermanentFailureException("Never.") : Task.CompletedTask;
        await using var host = await StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await host.Bus.EnqueueAsync(Tenant, new Ping("x"), null, CancellationToken.None);
            await host.Bus.EnqueueAsync(Tenants.New(), new Ping("y"), null, CancellationToken.None);
        }

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 20 from dead_messages");
        broken = false;

        (await host.Get<DeadLetterStore>().ReplayManyAsync(Tenant, new DeadLetterChoice("ping", null, 100), CancellationToken.None)).ShouldBe(10);

        await Soon.UntilAsync(Database.DataSource, "select count(*) = 10 from handled_messages");
        (await host.Get<DeadLetterStore>().ListAsync(Tenant, null, null, 50, CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_exception_with_text_that_the_database_cannot_hold_is_recorded_all_the_same()
    {
        Probe.Does = (_, _, _) => throw new PermanentFailureException("nul \0 half \ud800 end");
        await using var host = await StartAsync();

        var id = await host.Bus.EnqueueAsync(Tenant, new Ping("x"), null, CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select exists (select from dead_messages where id = $1)", id);
        (await Database.DataSource.ScalarAsync<string>("select error_message from dead_messages where id = $1", id)).ShouldBe("nul \ufffd half \ufffd end");
    }

    [Fact]
    public async Task A_handler_that_was_told_when_to_come_back_is_tried_then()
    {
        Probe.Does = (_, context, _) => context.Attempt == 1 ? throw new RetryLaterException(TimeSpan.FromHours(1), "Busy.") : Task.CompletedTask;
        await using var host = await StartAsync();

        var id = await host.Bus.EnqueueAsync(Tenant, new Pong("x"), null, CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select exists (select from scheduled_messages where id = $1 and due_at > now() + interval '59 minutes')", id);
        (await host.Get<JobStore>().FindAsync(Tenant, id, CancellationToken.None))!.Status.ShouldBe("failed");
        (await host.Get<JobStore>().RetryAsync(Tenant, id, CancellationToken.None)).ShouldBe(JobAnswer.Done);
        await HandledAsync(id);
    }

    [Fact]
    public async Task A_message_that_nobody_here_can_handle_is_tried_again_until_its_attempts_are_used_up()
    {
        await using var host = await StartAsync();
        var stranger = new Platform.Outbox.OutboxMessage(Guid.CreateVersion7(), Tenant, "stranger", "default", "{}"u8.ToArray());

        await host.Bus.EnqueueAsync([stranger], CancellationToken.None);

        await Soon.UntilAsync(Database.DataSource, "select exists (select from scheduled_messages where id = $1 and attempt = 1)", stranger.Id);
    }

    [Fact]
    public void Waits_grow_exponentially_up_to_the_longest_and_jitter_only_shortens_them()
    {
        var policy = new RetryPolicy { FirstDelay = TimeSpan.FromSeconds(1), Factor = 2, LongestDelay = TimeSpan.FromSeconds(10), Jitter = 0.5 };

        policy.DelayAfter(1, 0).ShouldBe(TimeSpan.FromSeconds(1));
        policy.DelayAfter(3, 0).ShouldBe(TimeSpan.FromSeconds(4));
        policy.DelayAfter(3, 1).ShouldBe(TimeSpan.FromSeconds(2));
        policy.DelayAfter(50, 0).ShouldBe(TimeSpan.FromSeconds(10));
        (policy with { Delays = [TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5)] }).DelayAfter(9, 0).ShouldBe(TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task What_its_type_refuses_is_refused_when_it_is_enqueued()
    {
        await using var host = Sender();

        var refusal = await Should.ThrowAsync<MessageRefusedException>(() => host.Bus.EnqueueAsync(Tenant, new Ping(new string('x', 101)), null, CancellationToken.None));

        refusal.Message.ShouldBe("A ping has at most 100 characters.");
        (await Database.DataSource.ScalarAsync<bool>("select exists (select from ready_messages)")).ShouldBeFalse();
    }
}
