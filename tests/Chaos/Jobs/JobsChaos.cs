using System.Collections.Concurrent;
using System.Diagnostics;
using Events.Fixtures;
using Events.Messaging;
using Events.Messaging.Sending;
using Events.Platform.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Events.Chaos.Jobs;

/// <summary>
/// Messages are sent without pause, some of them twice on purpose, some in lines that must keep their order, while worker
/// processes are killed and PostgreSQL is stopped as in a crash. In the end every acknowledged message has had its effect
/// once, in order, and nothing is left behind.
/// </summary>
internal static class JobsChaos
{
    private const int Workers = 2;
    private const int Senders = 8;

    private const string TableSql =
        """
        create table chaos_effects (no bigint generated always as identity, message_id uuid not null, line varchar, number int not null)
        """;

    public static async Task<ChaosReport> RunAsync(TimeSpan duration, CancellationToken ct)
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var database = await server.CreateDatabaseAsync(typeof(MessagingServices).Assembly);
        await using (var table = database.DataSource.CreateCommand(TableSql))
            await table.ExecuteNonQueryAsync(ct);
        await using var services = ChaosServices.Create(database.ConnectionString, logs: true);
        var bus = services.GetRequiredService<MessageBus>();

        var workers = Enumerable.Range(0, Workers).Select(_ => StartWorker(database.ConnectionString)).ToArray();
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
            ending.CancelAfter(duration);
            var acknowledged = new ConcurrentBag<Guid>();
            var sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(s => SendAsync(bus, s, acknowledged, ending.Token)));
            var faults = await InjectAsync(server, workers, database.ConnectionString, ending.Token);
            await sending;
            var left = await DrainAsync(database.DataSource, ct);
            return await CountAsync(database.DataSource, acknowledged, left, faults, ct);
        }
        finally
        {
            foreach (var worker in workers)
                Kill(worker);
        }
    }

    private static async Task SendAsync(MessageBus bus, int sender, ConcurrentBag<Guid> acknowledged, CancellationToken ending)
    {
        var tenant = new TenantId(Guid.CreateVersion7());
        // Every other sender's messages are one line.
        var line = sender % 2 == 0 ? $"line-{sender}" : null;
        for (var number = 1; !ending.IsCancellationRequested; number++)
        {
            var message = bus.Create(tenant, new ChaosMessage(line, number), new() { OrderKey = line });
            // A caller that does not know whether he was heard says it again, with the same id.
            while (!await TrySendAsync(bus, message))
                await Task.Delay(100, CancellationToken.None);
            if (number % 5 == 0)
                await TrySendAsync(bus, message);
            acknowledged.Add(message.Id);
            await Task.Delay(line is null ? 2 : 20, CancellationToken.None);
        }
    }

    private static async Task<bool> TrySendAsync(MessageBus bus, Platform.Outbox.OutboxMessage message)
    {
        try
        {
            await bus.EnqueueAsync([message], CancellationToken.None);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
        {
            return false;
        }
    }

    private static async Task<long> InjectAsync(PostgresServer server, Process[] workers, string connectionString, CancellationToken ending)
    {
        var faults = 0L;
        try
        {
            while (true)
            {
                await Task.Delay(2000, ending);
                if (++faults % 4 == 0)
                {
                    await server.StopImmediateAsync();
                    await server.StartAsync();
                }
                else
                {
                    var victim = (int)(faults % Workers);
                    Kill(workers[victim]);
                    workers[victim] = StartWorker(connectionString);
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return faults;
        }
    }

    private const string LeftSql =
        """
        select (select count(*) from ready_messages) + (select count(*) from claimed_batches)
            + (select count(*) from scheduled_messages) + (select count(*) from waiting_messages)
            + (select count(*) from dead_messages)
        """;

    /// <returns>What is still there and has not moved for longer than any lease lasts.</returns>
    private static async Task<long> DrainAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        // Connections from before the last crash are broken and do not know it.
        database.Clear();
        var fewest = long.MaxValue;
        var still = Stopwatch.StartNew();
        while (true)
        {
            await using var command = database.CreateCommand(LeftSql);
            var left = (long)(await command.ExecuteScalarAsync(ct))!;
            if (left < fewest)
            {
                fewest = left;
                still.Restart();
            }

            if (left == 0 || still.Elapsed > ChaosServices.Lease * 10)
                return left;
            await Task.Delay(100, ct);
        }
    }

    private const string CountSql =
        """
        with effects as (
            select message_id, count(*) as times from chaos_effects group by message_id
        ), ordered as (
            select number < lag(number) over (partition by line order by no) as turned from chaos_effects where line is not null
        )
        select
            (select count(*) from unnest($1) as a (id) where not exists (select from effects e where e.message_id = a.id)),
            (select count(*) from effects where times > 1),
            (select count(*) from ordered where turned)
        """;

    private static async Task<ChaosReport> CountAsync(NpgsqlDataSource database, ConcurrentBag<Guid> acknowledged, long left, long faults, CancellationToken ct)
    {
        await using var command = database.CreateCommand(CountSql);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. acknowledged] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return new ChaosReport(acknowledged.Count, reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), left, faults);
    }

    private static Process StartWorker(string connectionString) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [JobsWorker.Name, connectionString]))!;

    private static void Kill(Process worker)
    {
        worker.Kill();
        worker.WaitForExit();
        worker.Dispose();
    }
}
