using System.Diagnostics;
using Events.Benchmarks.Reporting;
using Events.Benchmarks.Seeding;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Fixtures;
using Events.Platform.Pacing;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.Rebuild;
using Events.Projections.TaskList;

namespace Events.Benchmarks.Projections;

/// <summary>
/// How soon a commit is visible in the list, how fast the list is rebuilt and caught up, and what reads cost meanwhile; beside
/// PostgreSQL's own COPY out of the events and into the rows, which no rebuild can beat.
/// </summary>
internal static class ProjectionsBenchmark
{
    private const int EventsPerTask = 4;

    // What the design asks for: the baseline of a latency row.
    private const double BudgetAt200 = 8;
    private const double BudgetAt1000 = 15;

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        await using var postgres = await PostgresServer.StartToMeasureAsync();
        await using var database = await postgres.CreateDatabaseAsync(ReadModels.Migrations);
        await AsAdministratorAsync(postgres, "grant set on parameter session_replication_role to events", ct);
        var sample = new SampleTasks(SampleTasks.MakeTenants(100), quick ? 50_000 : 250_000);
        var events = await EventLoader.LoadAsync(database.DataSource, sample, EventsPerTask, ct);
        Say($"{events:N0} events of {sample.Tasks:N0} tasks in 100 tenants");

        // What the live tail would have said by now: everything that was loaded is complete.
        await ExecuteAsync(database, $"insert into mt_event_progression (name, last_seq_id) values ('HighWaterMark', {events})", ct);

        using var stages = new BuildStageTimes();
        var rows = new List<BenchmarkRow>();
        await using var models = ReadModels.On(database, o => o.CatchUpEvents = long.MaxValue);
        var operations = models.Get<ProjectionOperations>();
        await AsAdministratorAsync(postgres, "checkpoint", ct);

        // The first build has nothing to be compared with; from the second on, verification is in the time.
        await operations.RebuildAsync("TaskList", "bench", ct);
        var rates = new List<double>();
        for (var round = 0; round < (quick ? 2 : 3); round++)
        {
            await AsAdministratorAsync(postgres, "checkpoint", ct);
            stages.Take();
            var (rate, build) = await RebuildAsync(operations, "TaskList", events, ct);
            if (build.RowsDifferent != 0 || build.RowsCompared < sample.Tasks)
                throw new InvalidOperationException($"The rebuilt list differs from the live one: {build.Differences}");
            Say($"rebuild of the task list: {rate:N0} events/s, {build.RowsCompared:N0} rows compared; {stages.Take()}");
            rates.Add(rate);
        }

        var ceiling = await CopyRates.MeasureAsync(database, "task_list", events, ct);
        Say($"COPY out of the events and of the rows in, one after the other: {ceiling:N0} events/s");
        rows.Add(BenchmarkRow.Rate("rebuild.rate", Median(rates), "events/s", "bare COPY out and in, no fold, no index", ceiling));

        foreach (var name in operations.Names.Where(n => n != "TaskList"))
        {
            var (rate, _) = await RebuildAsync(operations, name, events, ct);
            rows.Add(BenchmarkRow.Rate($"rebuild.rate.{name}", rate, "events/s", "rebuild of the task list", Median(rates)));
        }

        rows.Add(BenchmarkRow.Rate("catchup.rate", await CatchUpAsync(models, sample, quick ? 8_000 : 40_000, ct), "events/s", "rebuild of the task list", Median(rates)));

        var reader = new ListReader(models.Get<TaskListQuery>(), models.Get<ForegroundLoad>(), sample);
        await reader.RunAsync(TimeSpan.FromSeconds(1), ct);
        var quiet = await reader.RunAsync(TimeSpan.FromSeconds(quick ? 2 : 5), ct);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(ct))
        {
            var reading = reader.RunAsync(Timeout.InfiniteTimeSpan, stop.Token);
            await operations.RebuildAsync("TaskList", "bench", ct);
            await operations.RebuildAsync("TaskList", "bench", ct);
            await stop.CancelAsync();
            var busy = await reading;
            if (busy.Failed > 0)
                throw new InvalidOperationException($"{busy.Failed} reads failed during the rebuild.");
            Say($"reads: quiet p99 {quiet.P99:N2} ms, during two rebuilds p99 {busy.P99:N2} ms, worst {busy.Worst:N1} ms, {busy.Reads:N0} reads, 0 failed");
            rows.Add(BenchmarkRow.Cost("rebuild.read.p99", busy.P99, "ms", "the same reads when quiet", quiet.P99));
        }

        foreach (var (perSecond, budget) in new[] { (200, BudgetAt200), (1000, BudgetAt1000) })
        {
            await VisibleAsync(models, sample, perSecond, TimeSpan.FromSeconds(2), ct);
            var (p50, p99) = await VisibleAsync(models, sample, perSecond, TimeSpan.FromSeconds(quick ? 5 : 15), ct);
            Say($"visible at {perSecond}/s: p50 {p50:N2} ms, p99 {p99:N2} ms");
            rows.Add(BenchmarkRow.Cost($"visible.p50@{perSecond}", p50, "ms", "budget of the p99", budget));
            rows.Add(BenchmarkRow.Cost($"visible.p99@{perSecond}", p99, "ms", "budget of the p99", budget));
        }

        return rows;
    }

    private static async Task<(double Rate, ProjectionBuild Build)> RebuildAsync(ProjectionOperations operations, string name, long events, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        var build = await operations.RebuildAsync(name, "bench", ct) ?? throw new InvalidOperationException("Another rebuild is under way.");
        return (events / Stopwatch.GetElapsedTime(began).TotalSeconds, build);
    }

    /// <summary>From the moment an append is acknowledged to the moment a query that asks for its position may run.</summary>
    private static async Task<(double P50, double P99)> VisibleAsync(ReadModels models, SampleTasks sample, int perSecond, TimeSpan duration, CancellationToken ct)
    {
        var appender = models.Get<EventAppender>();
        var positions = models.Get<ProjectionPositions>();
        var waiting = new List<Task<double>>();
        var began = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        for (var sent = 0; Stopwatch.GetElapsedTime(began) < duration; await timer.WaitForNextTickAsync(ct))
        {
            for (var due = Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond; sent < due; sent++)
                waiting.Add(OneAsync(sent));
        }

        var times = (await Task.WhenAll(waiting)).Order().ToArray();
        return (times[times.Length / 2], times[times.Length * 99 / 100]);

        async Task<double> OneAsync(int n)
        {
            var position = await AppendAsync(appender, sample, n, ct);
            var committed = Stopwatch.GetTimestamp();
            var wait = await positions.WaitAsync(TaskListQuery.Projection, position, TimeSpan.FromSeconds(30), ct);
            return wait.Reached ? Stopwatch.GetElapsedTime(committed).TotalMilliseconds : throw new TimeoutException("A row did not become visible.");
        }
    }

    private static async Task<long> AppendAsync(EventAppender appender, SampleTasks sample, int n, CancellationToken ct)
    {
        var project = sample.Projects[n % sample.Projects.Count];
        var created = new TaskCreated(project.Id, 1_000_000 + n, $"{project.Key}-{1_000_000 + n}", "Measure how soon this is seen", null, WorkStatus.Todo, Priority.Medium, null, ["performance"], null, null, null, "m");
        var unit = new UnitOfWork(new TenantId(project.TenantId), [new StreamAppend(Guid.CreateVersion7(), "task_state", ExpectedVersion.NoStream, [created])])
        {
            Metadata = new EventMetadata("bench", null, null, null),
        };
        return await appender.AppendAsync(unit, ct) is AppendOutcome.Appended appended ? appended.Position : throw new InvalidOperationException("An append was refused.");
    }

    /// <summary>
    /// Nobody has fed the read models for a while: from the start of the service until every one of them has seen every event, all of
    /// which create a task, the most that one event can cost.
    /// </summary>
    private static async Task<double> CatchUpAsync(ReadModels models, SampleTasks sample, int count, CancellationToken ct)
    {
        var appender = models.Get<EventAppender>();
        var last = 0L;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 256, CancellationToken = ct },
            async (n, token) =>
            {
                var position = await AppendAsync(appender, sample, n, token);
                for (var known = Volatile.Read(ref last); known < position; known = Volatile.Read(ref last))
                    Interlocked.CompareExchange(ref last, position, known);
            });

        var began = Stopwatch.GetTimestamp();
        await models.StartAsync();
        var positions = models.Get<ProjectionPositions>();
        var reached = await Task.WhenAll(models.Get<ProjectionOperations>().Names.Select(name => ReachAsync(name)));
        Say($"caught up {count:N0} events: {string.Join(", ", reached.Select(r => $"{r.Name} {r.Seconds:N2} s"))}");
        return count / reached.Max(r => r.Seconds);

        async Task<(string Name, double Seconds)> ReachAsync(string name)
        {
            var wait = await positions.WaitAsync(name, last, TimeSpan.FromMinutes(2), ct);
            return wait.Reached ? (name, Stopwatch.GetElapsedTime(began).TotalSeconds) : throw new TimeoutException($"{name} did not catch up.");
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task AsAdministratorAsync(PostgresServer postgres, string sql, CancellationToken ct)
    {
        await using var command = postgres.Administrator.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task ExecuteAsync(TestDatabase database, string sql, CancellationToken ct)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static void Say(string text) => Console.Error.WriteLine(text);
}
