using Events.Benchmarks.Reporting;
using Events.Fixtures;
using Events.Messaging;
using Npgsql;

namespace Events.Benchmarks.Jobs;

/// <summary>
/// The queue beside graphile-worker and pg-boss, each in a database of its own on the same PostgreSQL, in the same run, taking
/// turns. Both are at their best setting; no handler does anything. The first third of each run warms up and does not count.
/// </summary>
internal static class JobsBenchmark
{
    private const int Callers = 64;

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        var peers = await Peers.InstallAsync(ct);
        await using var server = await PostgresServer.StartNewAsync();
        var rounds = quick ? 1 : 3;
        var jobs = quick ? 60_000 : 200_000;
        var pickups = quick ? 200 : 1000;
        var graphile = new List<double>();
        var graphileDefault = new List<double>();
        var boss = new List<double>();
        var bossEnqueue = new List<double>();
        var process = new List<double>();
        var enqueue = new List<double>();

        // A service runs for days: what is compared is compiled code. The peers are compiled within their first third.
        await using (var warming = await Subject.CreateAsync(server))
            await warming.ProcessAsync(jobs, ct);

        for (var round = 0; round < rounds; round++)
        {
            graphile.Add((await peers.RunAsync("graphile.mjs", ct, await UriAsync(server), "process", $"{jobs}"))["rate"]);
            await using (var subject = await Subject.CreateAsync(server))
                process.Add(await subject.ProcessAsync(jobs, ct));
            boss.Add((await peers.RunAsync("pgboss.mjs", ct, await UriAsync(server), "process", $"{jobs / 2}", $"{Callers}"))["rate"]);
            bossEnqueue.Add((await peers.RunAsync("pgboss.mjs", ct, await UriAsync(server), "enqueue", quick ? "3000" : "10000", $"{Callers}"))["rate"]);
            await using (var subject = await Subject.CreateAsync(server))
                enqueue.Add(await subject.EnqueueAsync(quick ? 30_000 : 100_000, Callers, ct));
        }

        graphileDefault.Add((await peers.RunAsync("graphile.mjs", ct, await UriAsync(server), "process-default", quick ? "5000" : "20000"))["rate"]);
        var graphilePickup = await peers.RunAsync("graphile.mjs", ct, await UriAsync(server), "pickup", $"{pickups}");
        Latencies pickup;
        Latencies crowded;
        await using (var subject = await Subject.CreateAsync(server))
            pickup = await subject.PickupAsync(pickups, flood: 0, ct);
        await using (var subject = await Subject.CreateAsync(server))
            crowded = await subject.PickupAsync(pickups, flood: 100_000, ct);

        var (bestName, best) = Median(graphile) >= Median(boss) ? ("graphile-worker, batched", Median(graphile)) : ("pg-boss, batched", Median(boss));
        return
        [
            BenchmarkRow.Rate("jobs.enqueue", Median(enqueue), "per s", $"pg-boss, {Callers} callers", Median(bossEnqueue)),
            BenchmarkRow.Rate("jobs.process", Median(process), "per s", bestName, best),
            BenchmarkRow.Rate("jobs.process.plain", Median(process), "per s", "graphile-worker as shipped", Median(graphileDefault)),
            BenchmarkRow.Cost("jobs.pickup.p50", pickup.P50, "ms", "graphile-worker at 50/s", graphilePickup["p50"]),
            BenchmarkRow.Cost("jobs.pickup.p99", pickup.P99, "ms", "graphile-worker at 50/s", graphilePickup["p99"]),
            BenchmarkRow.Cost("jobs.neighbour.p50", crowded.P50, "ms", "quiet", pickup.P50),
            BenchmarkRow.Cost("jobs.neighbour.p99", crowded.P99, "ms", "quiet", pickup.P99),
        ];
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>A fresh database without anything of ours, as a URI.</summary>
    private static async Task<string> UriAsync(PostgresServer server)
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        // The host is a folder where the server listens on a Unix socket: as for this project's own connections.
        return $"postgresql://{connection.Username}:{Uri.EscapeDataString(connection.Password ?? "")}@localhost:{connection.Port}/{connection.Database}?host={Uri.EscapeDataString(connection.Host ?? "localhost")}";
    }
}

/// <summary>In milliseconds, from the sender's call to the handler's first line.</summary>
internal sealed record Latencies(double P50, double P99);
