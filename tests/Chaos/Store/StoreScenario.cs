using System.Diagnostics;
using System.Security.Cryptography;
using Events.EventStore;
using Events.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Events.Chaos.Store;

/// <summary>
/// Several processes append while one is killed, PostgreSQL is stopped as in a crash and started again, backends are terminated
/// in the middle of a commit, and a foreign writer leaves open and dead gaps. Afterwards everything must add up.
/// </summary>
public static class StoreScenario
{
    private const int Processes = 3;

    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(60);

    public static async Task<ChaosReport> RunAsync(TimeSpan duration, CancellationToken ct)
    {
        await using var server = await PostgresServer.StartNewAsync();
        await using var database = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        var journals = Directory.CreateTempSubdirectory("events-chaos-").FullName;
        try
        {
            return await RunAsync(server, database, journals, duration, ct);
        }
        finally
        {
            Directory.Delete(journals, recursive: true);
        }
    }

    private static async Task<ChaosReport> RunAsync(PostgresServer server, TestDatabase database, string journals, TimeSpan duration, CancellationToken ct)
    {
        await using var services = Follower(database);
        var hosted = services.GetServices<IHostedService>().ToList();
        foreach (var service in hosted)
            await service.StartAsync(ct);

        using var stopFollowing = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var record = new TailRecord();
        var following = record.FollowAsync(services.GetRequiredService<EventTail>(), stopFollowing.Token);
        using var stopForeign = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var foreign = ForeignWriter.RunAsync(database.DataSource, stopForeign.Token);

        var faults = await InjectAsync(server, database, journals, duration, ct);
        await stopForeign.CancelAsync();
        await foreign;

        var stale = await CaughtUpAsync(database.DataSource, record, ct) ? 0 : 1;
        await stopFollowing.CancelAsync();
        await following;
        foreach (var service in hosted)
            await service.StopAsync(ct);
        return await Verification.CompareAsync(database.DataSource, await Journal.ReadAllAsync(journals, ct), record.Positions, stale, faults, ct);
    }

    private static ServiceProvider Follower(TestDatabase database)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddSingleton(database.Options);
        services.AddEventStore(types => types.Add("unit_marked", StoreJson.Default.UnitMarked));
        // A small memory, so that the follower also reads the database.
        services.PostConfigure<EventStoreOptions>(options => options.TailEvents = 500);
        return services.BuildServiceProvider();
    }

    private static async Task<long> InjectAsync(PostgresServer server, TestDatabase database, string journals, TimeSpan duration, CancellationToken ct)
    {
        var workers = Enumerable.Range(0, Processes).Select(_ => WorkerProcess.Start(journals, database.ConnectionString)).ToList();
        var faults = 0L;
        try
        {
            var started = Stopwatch.GetTimestamp();
            await LetWriteAsync(journals, ct);
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                // In turn, so that a short run has had each of them.
                switch (faults++ % 4)
                {
                    case 0:
                        await TerminateBackendsAsync(server, ct);
                        break;
                    case 1:
                        var victim = RandomNumberGenerator.GetInt32(workers.Count);
                        workers[victim].Dispose();
                        workers[victim] = WorkerProcess.Start(journals, database.ConnectionString);
                        break;
                    case 2:
                        await server.StopImmediateAsync();
                        await server.StartAsync();
                        server.Administrator.Clear();
                        break;
                    default:
                        await TerminateBackendsAsync(server, ct);
                        await TerminateBackendsAsync(server, ct);
                        break;
                }

                await LetWriteAsync(journals, ct);
            }
        }
        finally
        {
            foreach (var worker in workers)
                worker.Dispose();
        }

        return faults;
    }

    /// <summary>The next fault comes when work goes on: after a moment, and not before somebody was told that something is written.</summary>
    private static async Task LetWriteAsync(string journals, CancellationToken ct)
    {
        var before = Size(journals);
        var started = Stopwatch.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200 + RandomNumberGenerator.GetInt32(400)));
        while (await pace.WaitForNextTickAsync(ct) && Size(journals) < before + 10_000 && Stopwatch.GetElapsedTime(started) < CatchUp)
        {
            // Not yet.
        }
    }

    private static long Size(string journals) => new DirectoryInfo(journals).EnumerateFiles().Sum(file => file.Length);

    private const string TerminateSql =
        """
        select pg_terminate_backend(pid)
        from pg_stat_activity
        where usename = 'events' and state = 'active'
        """;

    private static async Task TerminateBackendsAsync(PostgresServer server, CancellationToken ct)
    {
        await using var command = server.Administrator.CreateCommand(TerminateSql);
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string LastSql =
        """
        select coalesce(max(seq_id), 0)
        from mt_events
        """;

    private static async Task<bool> CaughtUpAsync(NpgsqlDataSource dataSource, TailRecord record, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (Stopwatch.GetElapsedTime(started) < CatchUp && await pace.WaitForNextTickAsync(ct))
        {
            await using var last = dataSource.CreateCommand(LastSql);
            if (record.Reached >= (long)(await last.ExecuteScalarAsync(ct))!)
                return true;
        }

        return false;
    }
}
