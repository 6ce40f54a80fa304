using Events.EventStore;
using Events.Fixtures;
using Events.Projections.Engine;
using Events.Projections.Rebuild;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

/// <summary>P5: every read model equals its rebuild from the first event, row for row, while writes go on.</summary>
public sealed class P5_read_models_equal_their_rebuild(PostgresServer server)
{
    /// <summary>What a generated run is made of.</summary>
    /// <param name="PageEvents">Events that the feed sees at once.</param>
    /// <param name="Crashes">After how many writes a daemon is thrown away in the middle of whatever it does.</param>
    /// <param name="Streams">Streams in one set of the rebuild: small sets mean several passes.</param>
    private sealed record Run(int Seed, int Writes, int PageEvents, int[] Crashes, int Streams);

    private static Arbitrary<Run> Runs() => (
        from seed in Gen.Choose(1, 1_000_000)
        from writes in Gen.Choose(20, 120)
        from pageEvents in Gen.Elements(1, 2, 7, 50, 1000)
        from crashes in Gen.Choose(0, 3).SelectMany(n => Gen.Choose(1, writes).ArrayOf(n))
        from streams in Gen.Elements(5, 40, 500_000)
        select new Run(seed, writes, pageEvents, crashes, streams)).ToArbitrary();

    [Fact]
    public void For_random_histories_page_sizes_and_crashes() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(6).WithStartSize(6), Prop.ForAll(Runs(), run => RunAsync(run, server).GetAwaiter().GetResult()));

    [Fact]
    public async Task On_PostgreSQL_15_too()
    {
        await using var debian = await PostgresServer.StartDebian15Async();
        await RunAsync(new Run(15, 150, 7, [50, 90], 20), debian);
    }

    private static async Task RunAsync(Run run, PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync(Service.Migrations);
        void Configure(ProjectionOptions options)
        {
            options.RebuildStreams = run.Streams;
            options.RebuildChunk = 37;
            options.RebuildLanes = 1 + (run.Seed % 3);
            options.Lease = TimeSpan.FromSeconds(1);
            options.Heartbeat = TimeSpan.FromMilliseconds(100);
        }

        void Paged(IServiceCollection services) => services.PostConfigure<EventStoreOptions>(o => o.PageEvents = run.PageEvents);
        var history = new History(run.Seed);
        var feeding = await Service.On(database, Configure, Paged, imports: true).StartAsync();
        var last = 0L;
        for (var write = 1; write <= run.Writes; write++)
        {
            var (tenant, stream, events) = history.Next();
            last = await feeding.AppendAsync(tenant, stream, events);
            if (!run.Crashes.Contains(write))
                continue;
            // As if the process were killed: its sessions die under it, and nobody gives the leases back.
            await KillSessionsAsync(database);
            await feeding.DisposeAsync();
            feeding = await Service.On(database, Configure, Paged, imports: true).StartAsync();
        }

        await using (feeding)
        {
            var operations = feeding.Get<ProjectionOperations>();
            await feeding.ReachAsync(last, [.. operations.Names]);
            await AnalyzeAsync(database);
            var live = await Tables.DumpAsync(feeding);
            foreach (var name in operations.Names)
            {
                var build = await operations.RebuildAsync(name, "test", TestContext.Current.CancellationToken);
                build!.RowsDifferent.ShouldBe(0, $"{run}: {name}: {build.Differences}");
            }

            var rebuilt = await Tables.DumpAsync(feeding);
            foreach (var (table, rows) in live)
                rebuilt[table].ShouldBe(rows, $"{run}: {table}");
            foreach (var found in await operations.VerifyAsync(operations.Names, TestContext.Current.CancellationToken))
                found.Incomplete.ShouldBeEmpty($"{run}: {found.Projection}");
        }
    }

    // The server's own processes, such as one that vacuums, are not sessions of anybody, and may not be ended.
    private static async Task KillSessionsAsync(TestDatabase database)
    {
        await using var command = database.DataSource.CreateCommand("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()");
        await command.ExecuteNonQueryAsync();
    }

    private static async Task AnalyzeAsync(TestDatabase database)
    {
        await using var command = database.DataSource.CreateCommand("analyze mt_streams");
        await command.ExecuteNonQueryAsync();
    }
}
