using Events.Fixtures;
using Events.Messaging.Handlers;
using Events.Messaging.Sending;
using Events.Messaging.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Events.Messaging.Tests.Running;

public sealed class HandlingTests(PostgresServer server) : IAsyncLifetime
{
    private readonly Probe probe = new();
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync(typeof(MessagingServices).Assembly);
        await database.DataSource.ExecuteAsync("create table effects (message_id uuid, attempt int)");
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private Task<TestHost> StartAsync(Action<MessagingBuilder>? more = null) => TestHost.StartAsync(
        database,
        m =>
        {
            m.Handle<Ping, PingHandler>("ping");
            more?.Invoke(m);
        },
        s => s.AddSingleton(probe));

    [Fact]
    public async Task A_message_is_handled_once_and_leaves_only_its_mark()
    {
        await using var host = await StartAsync();
        var tenant = Tenants.New();

        var id = await host.Bus.EnqueueAsync(tenant, new Ping("hello"), null, CancellationToken.None);

        var seen = await probe.NextAsync();
        seen.Message.Text.ShouldBe("hello");
        seen.Context.Tenant.ShouldBe(tenant);
        seen.Context.Attempt.ShouldBe(1);
        seen.Context.MessageId.ShouldBe(id);
        await Soon.UntilAsync(database.DataSource, "select exists (select from handled_messages where id = $1) and not exists (select from claimed_batches) and not exists (select from ready_messages)", id);
    }

    [Fact]
    public async Task Ten_thousand_messages_are_all_handled()
    {
        await using var host = await StartAsync();
        var tenants = Enumerable.Range(0, 7).Select(_ => Tenants.New()).ToArray();

        await Parallel.ForAsync(0, 100, async (i, ct) => await host.Bus.EnqueueAsync(
            [.. Enumerable.Range(0, 100).Select(n => host.Bus.Create(tenants[n % 7], new Ping($"{i}-{n}")))], ct));

        await Soon.UntilAsync(database.DataSource, "select count(*) = 10000 from handled_messages");
        await Soon.UntilAsync(database.DataSource, "select not exists (select from claimed_batches) and not exists (select from ready_messages)");
        probe.Texts.Distinct().Count().ShouldBe(10_000);
        probe.Texts.Count.ShouldBe(10_000);
    }

    [Fact]
    public async Task P6_a_handlers_effects_commit_with_its_mark_and_not_without()
    {
        probe.Does = async (_, context, ct) =>
        {
            var transaction = await context.BeginEffectsAsync(ct);
            await using var insert = new NpgsqlCommand("insert into effects values ($1, $2)", transaction.Connection, transaction)
            {
                Parameters = { new() { Value = context.MessageId }, new() { Value = context.Attempt } },
            };
            await insert.ExecuteNonQueryAsync(ct);
            if (context.Attempt == 1)
                throw new InvalidOperationException("The first attempt fails after its effects.");
        };
        await using var host = await TestHost.StartAsync(
            database,
            m => m.Handle<Ping, PingHandler>("ping", retry: new() { FirstDelay = TimeSpan.FromMilliseconds(10) }),
            s => s.AddSingleton(probe));

        var id = await host.Bus.EnqueueAsync(Tenants.New(), new Ping("effects"), null, CancellationToken.None);

        await Soon.UntilAsync(database.DataSource, "select exists (select from handled_messages where id = $1)", id);
        (await database.DataSource.ScalarAsync<int>("select attempt from effects where message_id = $1", id)).ShouldBe(2);
        (await database.DataSource.ScalarAsync<long>("select count(*) from effects where message_id = $1", id)).ShouldBe(1);
    }

    [Fact]
    public async Task P6_a_message_that_is_delivered_twice_has_its_effects_once()
    {
        var together = new TaskCompletionSource();
        var arrived = 0;
        probe.Does = async (_, context, ct) =>
        {
            if (Interlocked.Increment(ref arrived) == 2)
                together.SetResult();
            await together.Task.WaitAsync(Soon.Limit, ct);
            var transaction = await context.BeginEffectsAsync(ct);
            await using var insert = new NpgsqlCommand("insert into effects values ($1, $2)", transaction.Connection, transaction)
            {
                Parameters = { new() { Value = context.MessageId }, new() { Value = context.Attempt } },
            };
            await insert.ExecuteNonQueryAsync(ct);
        };
        await using var host = await StartAsync();
        var message = host.Bus.Create(Tenants.New(), new Ping("twice"));

        await host.Bus.EnqueueAsync([message, message], CancellationToken.None);

        await Soon.UntilAsync(database.DataSource, "select exists (select from handled_messages where id = $1) and not exists (select from claimed_batches)", message.Id);
        (await database.DataSource.ScalarAsync<long>("select count(*) from effects where message_id = $1", message.Id)).ShouldBe(1);
    }

    [Fact]
    public async Task A_handled_id_is_not_stored_again()
    {
        await using var host = await StartAsync();
        var message = host.Bus.Create(Tenants.New(), new Ping("again"));
        await host.Bus.EnqueueAsync([message], CancellationToken.None);
        await Soon.UntilAsync(database.DataSource, "select exists (select from handled_messages where id = $1)", message.Id);

        await host.Bus.EnqueueAsync([message], CancellationToken.None);

        (await database.DataSource.ScalarAsync<bool>("select exists (select from ready_messages where id = $1)", message.Id)).ShouldBeFalse();
        probe.Texts.Count(t => t == "again").ShouldBe(1);
    }

    [Fact]
    public async Task What_a_handler_sends_is_stored_with_its_mark()
    {
        probe.Does = (message, context, _) =>
        {
            if (message.Text == "parent")
                context.Send(new(Guid.CreateVersion7(), context.Tenant, "ping", "default", """{"text":"child"}"""u8.ToArray()));
            return Task.CompletedTask;
        };
        await using var host = await StartAsync();

        await host.Bus.EnqueueAsync(Tenants.New(), new Ping("parent"), null, CancellationToken.None);

        (await probe.NextAsync()).Message.Text.ShouldBe("parent");
        (await probe.NextAsync()).Message.Text.ShouldBe("child");
    }
}
