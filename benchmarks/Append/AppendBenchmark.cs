using System.Text;
using Events.Benchmarks.Reporting;
using Events.EventStore;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Benchmarks.Append;

/// <summary>
/// One event to a new stream by 1, 16, 64 and 256 writers: group commit beside one transaction per command, in turns, each on a
/// database of its own that grows alike; and beside COPY of the same rows.
/// </summary>
internal static class AppendBenchmark
{
    private const string Headers = """{"actor":"01980000-0000-7000-8000-000000000001","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}""";

    private static readonly int[] WriterCounts = [1, 16, 64, 256];

    /// <summary>Pools that the plain way is tried with; the best of them is the baseline.</summary>
    private static readonly int[] Pools = [8, 16, 32, 64];

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        var rounds = quick ? 3 : 5;
        var duration = TimeSpan.FromSeconds(quick ? 1 : 2.5);
        await using var server = await PostgresServer.StartToMeasureAsync();
        await using var grouped = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        await using var plain = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        await using var copied = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);

        var tenant = new TenantId(Guid.CreateVersion7());
        await using var appender = Appender(grouped, new EventStoreOptions().Lanes);
        Task AppendGroupedAsync(int writer) => AppendAsync(appender, tenant, writer);

        await Writers.RunAsync(16, duration, AppendGroupedAsync);
        var pool = await BestPoolAsync(plain, tenant, duration / 2);
        var rows = new List<BenchmarkRow>();
        double best = 0;
        foreach (var writers in WriterCounts)
        {
            await using var baseline = new PlainAppender(plain.ConnectionString, Math.Min(writers, pool));
            Task AppendPlainAsync(int writer) => baseline.AppendAsync(tenant.Value, Guid.CreateVersion7(), TicketOpened.Sample(writer), Encoding.UTF8.GetBytes(Headers));
            await Writers.RunAsync(writers, duration / 4, AppendPlainAsync);

            List<Measured> ours = [];
            List<Measured> theirs = [];
            for (var round = 0; round < rounds; round++)
            {
                ct.ThrowIfCancellationRequested();
                ours.Add(await Writers.RunAsync(writers, duration, AppendGroupedAsync));
                theirs.Add(await Writers.RunAsync(writers, duration, AppendPlainAsync));
            }

            var (mine, other) = (Measured.Median(ours), Measured.Median(theirs));
            var name = $"transaction each, pool of {Math.Min(writers, pool)}";
            rows.Add(BenchmarkRow.Rate($"append.w{writers}", mine.PerSecond, "events/s", name, other.PerSecond));
            rows.Add(BenchmarkRow.Cost($"append.w{writers}.p50", mine.P50, "ms", name, other.P50));
            rows.Add(BenchmarkRow.Cost($"append.w{writers}.p99", mine.P99, "ms", name, other.P99));
            best = Math.Max(best, mine.PerSecond);
        }

        await using (var twoLanes = Appender(grouped, lanes: 2))
        {
            Task AppendInTwoLanesAsync(int writer) => AppendAsync(twoLanes, tenant, writer);
            await Writers.RunAsync(64, duration / 4, AppendInTwoLanesAsync);
            List<Measured> two = [];
            List<Measured> one = [];
            for (var round = 0; round < rounds; round++)
            {
                one.Add(await Writers.RunAsync(64, duration, AppendGroupedAsync));
                two.Add(await Writers.RunAsync(64, duration, AppendInTwoLanesAsync));
            }

            rows.Add(BenchmarkRow.Rate("append.lanes2", Measured.Median(two).PerSecond, "events/s", "one lane, 64 writers", Measured.Median(one).PerSecond));
        }

        var ceiling = await CeilingAsync(copied, tenant, quick ? 50_000 : 100_000);
        rows.Add(BenchmarkRow.Rate("append.best", best, "events/s", "COPY of the same rows", ceiling));
        return rows;
    }

    private static EventAppender Appender(TestDatabase database, int lanes)
    {
        var options = new EventStoreOptions { Lanes = lanes };
        var types = new EventTypes().Add("ticket_opened", SampleJson.Default.TicketOpened);
        return new EventAppender(
            database.DataSource, types, new EventReader(database.DataSource, types, options), new AppendSignal(), options, TimeProvider.System, NullLogger<EventAppender>.Instance);
    }

    private static async Task AppendAsync(EventAppender appender, TenantId tenant, int writer)
    {
        var unit = new UnitOfWork(tenant, [new StreamAppend(Guid.CreateVersion7(), "ticket", ExpectedVersion.NoStream, [TicketOpened.Sample(writer)])])
        {
            Metadata = new EventMetadata("01980000-0000-7000-8000-000000000001", "0197-corr", "0197-cause", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        };
        if (await appender.AppendAsync(unit, CancellationToken.None) is not AppendOutcome.Appended)
            throw new InvalidOperationException("A unit on a new stream was refused.");
    }

    private static async Task<int> BestPoolAsync(TestDatabase database, TenantId tenant, TimeSpan duration)
    {
        var best = (Pool: 0, PerSecond: 0.0);
        foreach (var pool in Pools)
        {
            await using var plain = new PlainAppender(database.ConnectionString, pool);
            Task AppendAsync(int writer) => plain.AppendAsync(tenant.Value, Guid.CreateVersion7(), TicketOpened.Sample(writer), Encoding.UTF8.GetBytes(Headers));
            await Writers.RunAsync(64, duration / 4, AppendAsync);
            var measured = await Writers.RunAsync(64, duration, AppendAsync);
            if (measured.PerSecond > best.PerSecond)
                best = (pool, measured.PerSecond);
        }

        return best.Pool;
    }

    private static async Task<double> CeilingAsync(TestDatabase database, TenantId tenant, int rows)
    {
        await CopyCeiling.RunAsync(database.DataSource, tenant.Value, 1, 5_000, Headers);
        List<double> rates = [];
        for (var round = 0; round < 3; round++)
            rates.Add(await CopyCeiling.RunAsync(database.DataSource, tenant.Value, 10_000 + (long)round * rows, rows, Headers));
        return rates.Order().ElementAt(1);
    }
}
