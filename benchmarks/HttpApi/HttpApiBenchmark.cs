using System.Diagnostics;
using Events.Benchmarks.HttpApi.Baseline;
using Events.Benchmarks.Load;
using Events.Benchmarks.Reporting;
using Events.Benchmarks.Seeding;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.Fixtures;
using Events.Http.Hosting;
using Events.Platform.Migrations;

namespace Events.Benchmarks.HttpApi;

/// <summary>
/// The API beside a hand-written CRUD service over real HTTP, on the same PostgreSQL with the same tasks. One of the two is
/// under load at a time, in turns, by the same generator; a row quotes the medians of the turns. Rows named <c>reread</c> go past
/// every cache of the service (<c>Cache-Control: no-cache</c>); all others may be answered as it answers its users.
/// </summary>
internal static class HttpApiBenchmark
{
    public const string BaselineCommand = "crud-service";

    private const int Tenants = 100;
    private const int Connections = 64;
    private static readonly string[] Terms = ["invoice", "login pa", "safari", "timeout", "onboar", "webhook retry", "translation", "dark mo"];

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        await using var postgres = await PostgresServer.StartToMeasureAsync();
        await using var events = await postgres.CreateEmptyDatabaseAsync();
        await using var crud = await postgres.CreateEmptyDatabaseAsync();
        await AsAdministratorAsync(postgres, "grant set on parameter session_replication_role to events", ct);
        var directory = Directory.CreateTempSubdirectory("events-bench-http-");
        try
        {
            var (tenantIds, tokens) = await FoundAsync(directory.FullName, events.ConnectionString, ct);
            var sample = new SampleTasks(tenantIds, quick ? 50_000 : 1_000_000);
            Say($"loading {sample.Tasks:N0} tasks in {Tenants} tenants on both sides");
            await EventLoader.LoadAsync(events.DataSource, sample, 1, ct);
            await BaselineSchema.LoadAsync(crud.DataSource, sample.Projects, sample.Rows(), ct);

            await using var service = await EventsProcess.StartAsync(
                directory.FullName,
                ["serve"],
                new Dictionary<string, string?>(StringComparer.Ordinal)
                {
                    ["ConnectionStrings__Postgres"] = events.ConnectionString,
                    // What was loaded past the service is folded in bulk, as a rebuild does it.
                    ["Events__Projections__CatchUpEvents"] = "10000",
                },
                ct);
            var readModels = new ReadModelsOverHttp(service.Running.Url, tokens[0], events.DataSource);
            Say($"the read models caught up in {(await readModels.WaitAsync(ct)).TotalSeconds:N1} s");
            await AsAdministratorAsync(postgres, "checkpoint", ct);
            var crudUrl = new Uri($"http://127.0.0.1:{EventsProcess.FreePort()}");
            using var crudService = await StartCrudAsync(crudUrl, crud.ConnectionString, ct);
            try
            {
                return await MeasureAsync(new MeasuredEvents(service.Running.Url, sample, tokens), new MeasuredBaseline(crudUrl, sample), readModels, sample, quick, ct);
            }
            finally
            {
                crudService.Kill();
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<IReadOnlyList<BenchmarkRow>> MeasureAsync(
        Measured ours, Measured theirs, ReadModelsOverHttp readModels, SampleTasks sample, bool quick, CancellationToken ct)
    {
        var turns = quick ? 1 : 3;
        var duration = TimeSpan.FromSeconds(quick ? 1.5 : 5);
        var some = sample.Rows().Where((_, n) => n % 37 == 0).Take(20_000).ToList();
        var pages = Math.Max(1, sample.PerTenant / 50 * 3 / 4);
        var deepOurs = await ours.DeepCursorsAsync(pages, ct);
        var deepTheirs = await theirs.DeepCursorsAsync(pages, ct);
        (string Name, int Status, Func<Measured, Func<int, long, ReadOnlyMemory<byte>>> Request)[] kinds =
        [
            ("http.list", 200, m => m.List()),
            ("http.list.reread", 200, m => m.List(reread: true)),
            ("http.list.deep", 200, m => m.DeepList(Deep(m))),
            ("http.detail", 200, m => m.Detail(some)),
            ("http.search", 200, m => m.Search(Terms)),
            ("http.search.reread", 200, m => m.Search(Terms, reread: true)),
            ("http.mixed", 200, m => m.Mixed(some)),
            ("http.create", 201, m => m.Create()),
            ("http.patch", 200, m => m.Patch(some)),
            .. quick ? default(ReadOnlySpan<(string, int, Func<Measured, Func<int, long, ReadOnlyMemory<byte>>>)>) :
            [
                ("http.list.deep.reread", 200, m => m.DeepList(Deep(m), reread: true)),
                ("http.detail.reread", 200, m => m.Detail(some, reread: true)),
            ],
        ];
        IReadOnlyList<string> Deep(Measured m) => ReferenceEquals(m, ours) ? deepOurs : deepTheirs;

        var rows = new List<BenchmarkRow>();
        foreach (var (name, status, request) in kinds)
        {
            var (our, their) = (request(ours), request(theirs));
            var results = new List<(LoadResult Ours, LoadResult Theirs)>();
            await LoadGenerator.RunAsync(theirs.Server, Connections, duration / 2, status, their, ct);
            await LoadGenerator.RunAsync(ours.Server, Connections, duration / 2, status, our, ct);
            await readModels.WaitAsync(ct);
            for (var turn = 0; turn < turns; turn++)
            {
                var b = await LoadGenerator.RunAsync(theirs.Server, Connections, duration, status, their, ct);
                var a = await LoadGenerator.RunAsync(ours.Server, Connections, duration, status, our, ct);
                results.Add((a, b));
                // Neither side's turn is to run beside what the other's left to do.
                var followed = await readModels.WaitAsync(ct);
                Say($"{name}: {a.PerSecond:N0}/s p99 {a.P99:N1} ms, failed {a.Failed}, read models level after {followed.TotalMilliseconds:N0} ms; CRUD {b.PerSecond:N0}/s p99 {b.P99:N1} ms, failed {b.Failed}");
            }

            if (results.Exists(r => r.Ours.Failed > 0 || r.Theirs.Failed > 0))
                throw new InvalidOperationException($"{name}: some answers were not {status}, so the figure means nothing. One: {results.SelectMany(r => new[] { r.Ours.Failure, r.Theirs.Failure }).First(f => f is not null)}");
            rows.Add(BenchmarkRow.Rate(name, Median(results.Select(r => r.Ours.PerSecond)), "req/s", "hand-written CRUD", Median(results.Select(r => r.Theirs.PerSecond))));
            rows.Add(BenchmarkRow.Cost($"{name}.p99", Median(results.Select(r => r.Ours.P99)), "ms", "hand-written CRUD", Median(results.Select(r => r.Theirs.P99))));
        }

        return rows;
    }

    /// <summary>Workspaces, each with a token, made by the product's own commands.</summary>
    private static async Task<(IReadOnlyList<Guid> TenantIds, IReadOnlyList<string> Tokens)> FoundAsync(string dataDirectory, string connectionString, CancellationToken ct)
    {
        await using var app = EventsApplication.Build([], builder => builder.Configuration.AddInMemoryCollection(
        [
            new("ConnectionStrings:Postgres", connectionString),
            new(DataDirectory.Key, dataDirectory),
            new("Logging:LogLevel:Default", "Warning"),
        ]));
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(ct);
        var founding = app.Services.GetRequiredService<Founding>();
        var first = await founding.FoundAsync("Tenant 0", "Bench", Address("bench@example.com"), "a long pass phrase for the benchmark", ct);
        var (tenantIds, tokens) = (new List<Guid> { first.WorkspaceId }, new List<string> { first.Token! });
        for (var n = 1; n < Tenants; n++)
        {
            var workspace = await founding.FoundAsync(first.PersonId, $"Tenant {n}", ct) ?? throw new InvalidOperationException("The person is in too many workspaces.");
            tenantIds.Add(workspace);
            tokens.Add(await founding.IssueTokenAsync(workspace, first.PersonId, "bench", RolePermissions.Of(WorkspaceRole.Owner), ct));
        }

        return (tenantIds, tokens);
    }

    private static EmailAddress Address(string text) => EmailAddress.TryParse(text, out var address) ? address.Value : throw new ArgumentException("Not an address.", nameof(text));

    private static async Task AsAdministratorAsync(PostgresServer postgres, string sql, CancellationToken ct)
    {
        await using var command = postgres.Administrator.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<Process> StartCrudAsync(Uri url, string connectionString, CancellationToken ct)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Events.Benchmarks.dll"), BaselineCommand, url.ToString(), $"{connectionString};Max Auto Prepare=100;Maximum Pool Size=32;No Reset On Close=true"])
            start.ArgumentList.Add(argument);
        var crud = Process.Start(start)!;
        var line = await crud.StandardOutput.ReadLineAsync(ct);
        return line == BaselineService.Ready ? crud : throw new InvalidOperationException($"The CRUD service did not start: {line}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static void Say(string line) => Console.Error.WriteLine(line);
}
