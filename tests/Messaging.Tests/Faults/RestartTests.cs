using System.Collections.Concurrent;
using Events.Fixtures;
using Events.Messaging.Running;
using Events.Messaging.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Events.Messaging.Tests.Faults;

/// <summary>The bounded form of <c>just chaos jobs</c>.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task P6_effects_happen_once_while_postgresql_is_stopped_as_in_a_crash_and_messages_are_sent_twice()
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var database = await server.CreateDatabaseAsync(typeof(MessagingServices).Assembly);
        await database.DataSource.ExecuteAsync("create table effects (message_id uuid)");
        var probe = new Probe
        {
            Does = async (_, context, ct) =>
            {
                var transaction = await context.BeginEffectsAsync(ct);
                await using var insert = new NpgsqlCommand("insert into effects values ($1)", transaction.Connection, transaction) { Parameters = { new() { Value = context.MessageId } } };
                await insert.ExecuteNonQueryAsync(ct);
            },
        };
        void Register(Handlers.MessagingBuilder m) => m.Handle<Ping, PingHandler>("ping", retry: new() { Attempts = 50, FirstDelay = TimeSpan.FromMilliseconds(50), Factor = 1 });
        var options = new MessagingOptions { Lease = TimeSpan.FromSeconds(2), Heartbeat = TimeSpan.FromMilliseconds(300), MaxTakeovers = 1000 };
        await using var first = await TestHost.StartAsync(database, Register, s => s.AddSingleton(probe), options);
        await using var second = await TestHost.StartAsync(database, Register, s => s.AddSingleton(probe), options);
        var tenant = Tenants.New();
        var acknowledged = new ConcurrentBag<Guid>();

        for (var round = 0; round < 2; round++)
        {
            var sending = Parallel.ForAsync(0, 300, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, ct) =>
            {
                var message = first.Bus.Create(tenant, new Ping($"{i}"));
                while (!await TrySendAsync(first, message))
                    await Task.Yield();
                if (i % 3 == 0)
                    await TrySendAsync(first, message);
                acknowledged.Add(message.Id);
            });
            await probe.NextAsync();
            await server.StopImmediateAsync();
            await server.StartAsync();
            await sending;
        }

        await Soon.UntilAsync(database.DataSource, "select not exists (select from ready_messages) and not exists (select from claimed_batches) and not exists (select from scheduled_messages)");
        (await database.DataSource.ScalarAsync<long>("select count(*) from unnest($1) as a (id) where not exists (select from effects e where e.message_id = a.id)", acknowledged.ToArray())).ShouldBe(0, "lost");
        (await database.DataSource.ScalarAsync<long>("select count(*) from (select from effects group by message_id having count(*) > 1) twice")).ShouldBe(0, "doubled");
        (await database.DataSource.ScalarAsync<bool>("select exists (select from dead_messages)")).ShouldBeFalse();
    }

    private static async Task<bool> TrySendAsync(TestHost host, Platform.Outbox.OutboxMessage message)
    {
        try
        {
            await host.Bus.EnqueueAsync([message], CancellationToken.None);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
        {
            return false;
        }
    }
}
