using Events.Benchmarks.Reporting;
using Events.Fixtures;
using Events.Messaging;
using Npgsql;

namespace Events.Benchmarks.Jobs;

/// <summary>
/// The queue beside graphile-worker and pg-boss, each in databases of its own on the same PostgreSQL, in the same run, taking
/// turns. Each runs with settings chosen for throughput, all live in one process for the whole run, and a first round of each
/// warms up and does not count. No handler does anything. A round counts from its first handler's call until every end is durable.
/// </summary>
internal static class JobsBenchmark
{
    private const int Callers = 64;

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        var peers = await Peers.InstallAsync(ct);
        await using var server = await PostgresServer.StartToMeasureAsync();
        await using var graphile = peers.Start("graphile.mjs");
        await using var boss = peers.Start("pgboss.mjs");
        var jobs = quick ? 60_000 : 200_000;
        var enqueued = quick ? 20_000 : 100_000;
        var process = new Rounds();
        var graphileProcess = new Rounds();
        var bossProcess = new Rounds();
        var enqueue = new Rounds();
        var bossEnqueue = new Rounds();

        for (var round = 0; round <= (quick ? 1 : 3); round++)
        {
            graphileProcess.Add(await RunAsync(server, graphile, connection => new { mode = "process", connection, count = jobs, preset = "batched" }, ct));
            await using (var subject = await Subject.CreateAsync(server))
                process.Add(await subject.ProcessAsync(jobs, ct));
            bossProcess.Add(await RunAsync(server, boss, connection => new { mode = "process", connection, count = jobs / 2 }, ct));
            bossEnqueue.Add(await RunAsync(server, boss, connection => new { mode = "enqueue", connection, count = enqueued / 10, callers = Callers }, ct));
            await using (var subject = await Subject.CreateAsync(server))
                enqueue.Add(await subject.EnqueueAsync(enqueued, Callers, ct));
        }

        var plain = await RunAsync(server, graphile, connection => new { mode = "process", connection, count = quick ? 5000 : 20_000, preset = "plain" }, ct);
        var pickups = quick ? 300 : 1500;
        var graphilePickup = await RunAsync(server, graphile, connection => new { mode = "pickup", connection, count = pickups, warmUp = Subject.PickupWarmUp }, ct);
        Latencies pickup;
        Latencies crowded;
        await using (var subject = await Subject.CreateAsync(server))
            pickup = await subject.PickupAsync(pickups, flood: 0, ct);
        await using (var subject = await Subject.CreateAsync(server))
            crowded = await subject.PickupAsync(pickups, flood: 100_000, ct);

        var (bestName, best) = graphileProcess.Median >= bossProcess.Median
            ? ("graphile-worker, batched", graphileProcess.Median)
            : ("pg-boss, batched", bossProcess.Median);
        return
        [
            BenchmarkRow.Rate("jobs.enqueue", enqueue.Median, "per s", $"pg-boss, {Callers} callers", bossEnqueue.Median),
            BenchmarkRow.Rate("jobs.process", process.Median, "per s", bestName, best),
            BenchmarkRow.Rate("jobs.process.plain", process.Median, "per s", "graphile-worker as shipped", plain["rate"]),
            BenchmarkRow.Cost("jobs.pickup.p50", pickup.P50, "ms", "graphile-worker at 50/s", graphilePickup["p50"]),
            BenchmarkRow.Cost("jobs.pickup.p99", pickup.P99, "ms", "graphile-worker at 50/s", graphilePickup["p99"]),
            BenchmarkRow.Cost("jobs.neighbour.p50", crowded.P50, "ms", "quiet", pickup.P50),
            BenchmarkRow.Cost("jobs.neighbour.p99", crowded.P99, "ms", "quiet", pickup.P99),
            BenchmarkRow.Rate("jobs.neighbour.flood", crowded.Beside, "per s", "process, nobody beside", process.Median),
        ];
    }

    /// <summary>
    /// In a fresh database without anything of ours. It is dropped afterwards, as ours are: the next to be measured is not to share
    /// the machine with the vacuuming of what the last one left.
    /// </summary>
    private static async Task<Dictionary<string, double>> RunAsync(PostgresServer server, Peer peer, Func<string, object> request, CancellationToken ct)
    {
        var database = await server.CreateEmptyDatabaseAsync();
        try
        {
            return await peer.RunAsync(request(UriOf(database)), ct);
        }
        finally
        {
            await server.DropAsync(database);
        }
    }

    private static string UriOf(TestDatabase database)
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        // The host is a folder where the server listens on a Unix socket: as for this project's own connections.
        return $"postgresql://{connection.Username}:{Uri.EscapeDataString(connection.Password ?? "")}@localhost:{connection.Port}/{connection.Database}?host={Uri.EscapeDataString(connection.Host ?? "localhost")}";
    }
}

/// <summary>What one side gave in its rounds, the first of which warms up.</summary>
internal sealed class Rounds
{
    private readonly List<double> all = [];

    public double Median => all.Skip(1).Order().ElementAt((all.Count - 1) / 2);

    public void Add(double rate) => all.Add(rate);

    public void Add(Dictionary<string, double> figures) => all.Add(figures["rate"]);
}

/// <summary>In milliseconds, from the moment at which a message was to be sent to its handler's first line.</summary>
/// <param name="Beside">Messages of the flood a second that were handled meanwhile.</param>
internal sealed record Latencies(double P50, double P99, double Beside);
