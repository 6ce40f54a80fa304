using Events.Fixtures;
using Events.Messaging.Jobs;
using Events.Messaging.Tests.Hosting;
using Events.Platform.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Messaging.Tests.Faults;

/// <summary>The whole way of a message on other servers than the embedded one: retries, order, schedules, progress, cancellation.</summary>
public sealed class ServerTests(PostgresServer server)
{
    [Fact]
    public async Task Everything_works_on_Debians_PostgreSQL_15()
    {
        await using var old = await PostgresServer.StartDebian15Async();
        await using var database = await old.CreateDatabaseAsync(typeof(MessagingServices).Assembly);
        await WorkAsync(database, database.DataSource, database.Direct);
    }

    [Fact]
    public async Task Everything_works_through_PgBouncer_in_transaction_mode()
    {
        await using var database = await server.CreateDatabaseAsync(typeof(MessagingServices).Assembly);
        // Fewer sessions than the node has loops: whatever one of them left in a session another would find.
        await using var pooler = await PgBouncerServer.StartAsync(database, sessions: 2);
        await using var pooled = PostgresDataSources.Create(pooler.Options, logging: null);
        await using var direct = PostgresDataSources.CreateDirect(pooler.Options, logging: null);
        await WorkAsync(database, pooled, new DirectDataSource(direct));
    }

    private static async Task WorkAsync(TestDatabase database, Npgsql.NpgsqlDataSource pooled, DirectDataSource direct)
    {
        var tenant = Tenants.New();
        var probe = new Probe
        {
            Does = async (message, context, ct) =>
            {
                if (message.Text == "twice" && context.Attempt == 1)
                    throw new InvalidOperationException("The first attempt fails.");
                if (message.Text == "hang")
                    await Task.Delay(Timeout.Infinite, ct);
                var transaction = await context.BeginEffectsAsync(ct);
                await using var insert = new Npgsql.NpgsqlCommand("insert into effects values ($1)", transaction.Connection, transaction) { Parameters = { new() { Value = context.MessageId } } };
                await insert.ExecuteNonQueryAsync(ct);
            },
        };
        await database.DataSource.ExecuteAsync("create table effects (message_id uuid)");
        await using var host = await TestHost.StartAsync(
            database,
            m => m.Handle<Ping, PingHandler>("ping", retry: MessagingTest.Quick).Handle<Pong, PongHandler>("pong", isJob: true, retry: MessagingTest.Quick),
            s => s.AddSingleton(probe).AddSingleton(pooled).AddSingleton(direct));

        await host.Bus.EnqueueAsync([.. Enumerable.Range(0, 500).Select(i => host.Bus.Create(tenant, new Ping("many")))], CancellationToken.None);
        for (var i = 0; i < 10; i++)
            await host.Bus.EnqueueAsync(tenant, new Ping($"line {i}"), new() { OrderKey = "line" }, CancellationToken.None);
        await host.Bus.EnqueueAsync(tenant, new Pong("twice"), null, CancellationToken.None);
        await host.Bus.EnqueueAsync(tenant, new Ping("later"), new() { ScheduledFor = DateTimeOffset.UtcNow.AddMilliseconds(300) }, CancellationToken.None);
        var hanging = await host.Bus.EnqueueAsync(tenant, new Pong("hang"), null, CancellationToken.None);
        await Soon.UntilAsync(database.DataSource, "select status = 'running' from jobs where id = $1", hanging);
        (await host.Get<JobStore>().CancelAsync(tenant, hanging, CancellationToken.None)).ShouldBe(JobAnswer.Requested);

        await Soon.UntilAsync(database.DataSource, "select count(*) = 512 from effects");
        await Soon.UntilAsync(database.DataSource, "select not exists (select from ready_messages) and not exists (select from claimed_batches) and not exists (select from scheduled_messages) and not exists (select from waiting_messages)");
        (await database.DataSource.ScalarAsync<long>("select count(distinct message_id) from effects")).ShouldBe(512);
        probe.Texts.Where(t => t.StartsWith("line", StringComparison.Ordinal)).ShouldBe(Enumerable.Range(0, 10).Select(i => $"line {i}"));
        (await database.DataSource.ScalarAsync<string>("select status from jobs where id = $1", hanging)).ShouldBe("cancelled");
    }
}
