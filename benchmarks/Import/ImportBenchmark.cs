using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Events.Benchmarks.Reporting;
using Events.Commands.People;
using Events.Fixtures;
using Events.Http.Hosting;
using Events.Platform.Migrations;
using Npgsql;

namespace Events.Benchmarks.Import;

/// <summary>
/// A CSV through the front door of a real process: uploaded by link, imported as a job; first alone, at full speed, then a second
/// one while another workspace reads its list. The rate stands beside a loop that inserts the same rows one transaction each, as importers are commonly written.
/// </summary>
internal static class ImportBenchmark
{
    private const int BudgetMegabytes = 250;
    private static readonly TimeSpan ListEvery = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        var (rows, duration) = quick ? (20_000, TimeSpan.FromSeconds(8)) : (100_000, TimeSpan.FromSeconds(30));
        await using var postgres = await PostgresServer.StartToMeasureAsync();
        await using var database = await postgres.CreateEmptyDatabaseAsync();
        var directory = Directory.CreateTempSubdirectory("events-bench-import-");
        try
        {
            var (importer, neighbour) = await FoundAsync(directory.FullName, database.ConnectionString, ct);
            await using var service = await EventsProcess.StartAsync(
                directory.FullName, ["serve"], new Dictionary<string, string?> { ["ConnectionStrings__Postgres"] = database.ConnectionString }, ct);
            using var imports = Client(service.Running.Url, importer);
            using var lists = Client(service.Running.Url, neighbour);
            await SeedAsync(lists, 200, ct);

            // Once small: code is compiled and statements are prepared before anything is measured.
            await ImportAsync(imports, "warm up.csv", 2_000, ct);
            using var watching = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var memory = PeakMemoryAsync(service.Id, watching.Token);
            var rate = await ImportAsync(imports, "issues.csv", rows, ct);

            // The same neighbour, the same process: first by itself, then while the next file comes in.
            await ListsAsync(lists, Settling, ct);
            var quiet = Percentile(await ListsAsync(lists, duration, ct), 0.99);
            var beside = await StartAsync(imports, "more issues.csv", rows, first: rows, ct);
            await ListsAsync(lists, Settling, ct);
            var (before, since) = (await DoneAsync(imports, beside, ct), Stopwatch.GetTimestamp());
            var busy = Percentile(await ListsAsync(lists, duration, ct), 0.99);
            var gentle = (await DoneAsync(imports, beside, ct) - before) / Stopwatch.GetElapsedTime(since).TotalSeconds;
            await SendAsync(imports, $"/api/v1/jobs/{beside}/cancel", new { }, ct);
            await watching.CancelAsync();
            var plain = await InsertOneByOneAsync(database.DataSource, quick ? 2_000 : 5_000, ct);
            return
            [
                BenchmarkRow.Rate("import.rate", rate, "rows/s", "one insert a row", plain),
                BenchmarkRow.Cost("import.rss", await memory, "MB", "budget", BudgetMegabytes),
                BenchmarkRow.Cost("import.neighbour.p99", busy, "ms", "quiet", quiet),
                BenchmarkRow.Rate("import.rate.beside", gentle, "rows/s", "alone", rate),
            ];
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<(string Importer, string Neighbour)> FoundAsync(string dataDirectory, string connectionString, CancellationToken ct)
    {
        await using var app = EventsApplication.Build([], builder => builder.Configuration.AddInMemoryCollection(
        [
            new("ConnectionStrings:Postgres", connectionString),
            new(DataDirectory.Key, dataDirectory),
            new("Logging:LogLevel:Default", "Warning"),
        ]));
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(ct);
        var founding = app.Services.GetRequiredService<Founding>();
        var tokens = new List<string>();
        foreach (var name in (string[])["importer", "neighbour"])
        {
            if (!EmailAddress.TryParse($"{name}@example.com", out var email))
                throw new UnreachableException("The address is one.");
            tokens.Add((await founding.FoundAsync(name, name, email.Value, "a long enough passphrase", ct)).Token!);
        }
        return (tokens[0], tokens[1]);
    }

    private static HttpClient Client(Uri url, string token) =>
        new() { BaseAddress = url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

    private static async Task SeedAsync(HttpClient client, int tasks, CancellationToken ct)
    {
        var project = await SendAsync(client, "/api/v1/projects", new { key = "NEXT", name = "Next door" }, ct);
        for (var i = 0; i < tasks; i++)
            await SendAsync(client, "/api/v1/tasks", new { projectId = project.GetProperty("id").GetGuid(), title = $"Task {i}" }, ct);
    }

    private static async Task<Guid> StartAsync(HttpClient client, string name, int rows, int first, CancellationToken ct)
    {
        var csv = Csv(rows, first);
        var file = await SendAsync(client, "/api/v1/files", new { name, size = csv.Length, contentType = "text/csv" }, ct);
        using (var body = new ByteArrayContent(csv) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } })
        using (var sent = await client.PutAsync(file.GetProperty("upload").GetProperty("url").GetString(), body, ct))
            sent.EnsureSuccessStatusCode();
        return (await SendAsync(client, "/api/v1/imports", new { fileId = file.GetProperty("id").GetGuid(), format = "csv" }, ct)).GetProperty("id").GetGuid();
    }

    /// <returns>Rows that the import has taken so far.</returns>
    private static async Task<long> DoneAsync(HttpClient client, Guid import, CancellationToken ct) =>
        (await client.GetFromJsonAsync<JsonElement>($"/api/v1/imports/{import}", ct)).GetProperty("rows").GetInt64();

    /// <returns>Rows per second, from the job's start to its end.</returns>
    private static async Task<double> ImportAsync(HttpClient client, string name, int rows, CancellationToken ct)
    {
        var import = await StartAsync(client, name, rows, first: 0, ct);
        using var every = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (await every.WaitForNextTickAsync(ct))
        {
            var job = await client.GetFromJsonAsync<JsonElement>($"/api/v1/jobs/{import}", ct);
            if (job.GetProperty("status").GetString() is "dead" or "failed")
                throw new InvalidOperationException($"The import failed: {job.GetProperty("error")}");
            if (job.GetProperty("status").GetString() != "succeeded")
                continue;
            var result = job.GetProperty("result");
            return result.GetProperty("created").GetInt64() == rows
                ? rows / result.GetProperty("seconds").GetDouble()
                : throw new InvalidOperationException($"Not every row came in: {result}");
        }
        throw new UnreachableException("The timer never ends.");
    }

    private static byte[] Csv(int rows, int first)
    {
        var csv = new StringBuilder("id,created,title,description,status,priority,labels,assignee,storypoints\n");
        for (var i = first; i < first + rows; i++)
        {
            csv.Append($"{i},2026-01-{(i % 28) + 1:00} 10:00:00,\"Issue {i}: the page, seen from {i % 97}\",\"What happens\nWhat should happen: nothing of the kind {i}\",")
                .Append($"{(i % 3 == 0 ? "done" : "todo")},{(i % 5 == 0 ? "high" : "")},\"area-{i % 12}, web\",person-{i % 40},{i % 8}\n");
        }
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    /// <returns>Milliseconds of each answer.</returns>
    private static async Task<List<double>> ListsAsync(HttpClient client, TimeSpan duration, CancellationToken ct)
    {
        var latencies = new List<double>();
        var began = Stopwatch.GetTimestamp();
        using var every = new PeriodicTimer(ListEvery);
        while (Stopwatch.GetElapsedTime(began) < duration && await every.WaitForNextTickAsync(ct))
        {
            var sent = Stopwatch.GetTimestamp();
            using var answer = await client.GetAsync("/api/v1/tasks?limit=50", ct);
            answer.EnsureSuccessStatusCode();
            latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
        return latencies;
    }

    private static async Task<double> PeakMemoryAsync(int processId, CancellationToken ct)
    {
        var peak = 0L;
        using var every = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await every.WaitForNextTickAsync(ct))
            {
                using var process = Process.GetProcessById(processId);
                peak = Math.Max(peak, process.WorkingSet64);
            }
        }
        catch (OperationCanceledException)
        {
            // Everything has been measured.
        }
        return peak / 1_048_576d;
    }

    private const string CreateSql =
        """
        create table plain_tasks (
            id uuid primary key, title text not null, description text, status text not null, created_at timestamptz not null default now());
        create table plain_audit (id bigint generated always as identity primary key, task_id uuid not null, what jsonb not null)
        """;

    private const string InsertSql =
        """
        with t as (insert into plain_tasks (id, title, description, status) values ($1, $2, $3, $4) returning id)
        insert into plain_audit (task_id, what) select id, '{"created":true}' from t
        """;

    private static async Task<double> InsertOneByOneAsync(NpgsqlDataSource database, int rows, CancellationToken ct)
    {
        await using (var create = database.CreateCommand(CreateSql))
            await create.ExecuteNonQueryAsync(ct);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < rows; i++)
        {
            await using var insert = database.CreateCommand(InsertSql);
            insert.Parameters.Add(new() { Value = Guid.CreateVersion7() });
            insert.Parameters.Add(new() { Value = $"Issue {i}: the page" });
            insert.Parameters.Add(new() { Value = "What happens\nWhat should happen" });
            insert.Parameters.Add(new() { Value = "todo" });
            await insert.ExecuteNonQueryAsync(ct);
        }
        return rows / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<JsonElement> SendAsync(HttpClient client, string path, object body, CancellationToken ct)
    {
        using var answer = await client.PostAsJsonAsync(path, body, ct);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadFromJsonAsync<JsonElement>(ct)
            : throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(ct)}");
    }

    private static double Percentile(List<double> values, double share)
    {
        values.Sort();
        return values.Count == 0 ? 0 : values[Math.Min(values.Count - 1, (int)(values.Count * share))];
    }
}
