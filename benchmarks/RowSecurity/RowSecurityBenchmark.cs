using Events.Benchmarks.Append;
using Events.Benchmarks.Reporting;
using Events.Commands;
using Events.EventStore;
using Events.Fixtures;
using Events.Messaging;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Events.Projections;
using Events.Projections.TaskDetail;
using Events.Projections.TaskList;
using Npgsql;

namespace Events.Benchmarks.RowSecurity;

/// <summary>
/// What row-level security costs a read: the same page of 50 tasks and the same detail, under the policies and without them, in
/// turns, from 100 tenants' 200,000 tasks by 16 readers.
/// </summary>
internal static class RowSecurityBenchmark
{
    private const int Tenants = 100;
    private const int Tasks = 200_000;
    private const int Readers = 16;

    private const string FillSql =
        """
        insert into task_list (tenant_id, task_id, project_id, created_at, updated_at, number, version, status, priority, archived,
            deleted, key, rank, title, labels, item)
        select tenants[1 + n % $2], gen_random_uuid(), tenants[1 + n % $2], now() - n * interval '1 second', now() - n * interval '1 second',
            n, 1, n % 6, n % 5, false, false, 'WEB-' || n, lpad(n::text, 9, '0'), 'Task ' || n, '{}',
            jsonb_build_object('id', gen_random_uuid(), 'key', 'WEB-' || n, 'title', 'Task ' || n || repeat(' and more', 8), 'status', 'todo',
                'priority', 'none', 'createdAt', now(), 'updatedAt', now(), 'version', 1)::text
        from generate_series(1, $3) n, (select $1::uuid[] as tenants) t
        """;

    private const string AnalyzeSql =
        """
        vacuum analyze task_list
        """;

    private const string SecureSql =
        """
        select secure_read_models()
        """;

    public static async Task<IReadOnlyList<BenchmarkRow>> RunAsync(bool quick, CancellationToken ct)
    {
        await using var server = await PostgresServer.StartToMeasureAsync();
        await using var database = await server.CreateDatabaseAsync(
            typeof(PostgresOptions).Assembly, typeof(EventAppender).Assembly, typeof(MessagingServices).Assembly, typeof(IdentityServices).Assembly, typeof(ProjectionServices).Assembly);
        var tenants = Enumerable.Range(0, Tenants).Select(_ => Guid.CreateVersion7()).ToArray();
        await FillAsync(database.DataSource, tenants, ct);
        var guarded = new TenantReads(database.DataSource) { Guarded = true };
        var open = new TenantReads(database.DataSource);

        var rounds = quick ? 5 : 11;
        var duration = TimeSpan.FromSeconds(quick ? 1 : 2);
        var rows = new List<BenchmarkRow>();
        await MeasureAsync("list", reads => List(new TaskListQuery(reads), tenants));
        await MeasureAsync("detail", reads => Detail(new TaskDetailQuery(reads), tenants));
        return rows;

        async Task MeasureAsync(string name, Func<TenantReads, Func<int, Task>> read)
        {
            var (withPolicies, without) = (read(guarded), read(open));
            await Writers.RunAsync(Readers, duration, withPolicies);
            await Writers.RunAsync(Readers, duration, without);
            List<Measured> ours = [];
            List<Measured> theirs = [];
            for (var round = 0; round < rounds; round++)
            {
                ct.ThrowIfCancellationRequested();
                ours.Add(await Writers.RunAsync(Readers, duration, withPolicies));
                theirs.Add(await Writers.RunAsync(Readers, duration, without));
            }

            var (mine, other) = (Measured.Median(ours), Measured.Median(theirs));
            rows.Add(BenchmarkRow.Rate($"security.{name}", mine.PerSecond, "reads/s", "without policies", other.PerSecond));
            rows.Add(BenchmarkRow.Cost($"security.{name}.p50", mine.P50, "ms", "without policies", other.P50));
        }
    }

    private static Func<int, Task> List(TaskListQuery query, Guid[] tenants) => reader =>
        query.RunAsync(new TenantId(tenants[Random.Shared.Next(tenants.Length)]), TaskListFilter.All, TaskListSort.NewestFirst, null, 50, CancellationToken.None);

    private static Func<int, Task> Detail(TaskDetailQuery query, Guid[] tenants) => reader =>
        query.FindAsync(new TenantId(tenants[Random.Shared.Next(tenants.Length)]), Guid.NewGuid(), CancellationToken.None);

    private static async Task FillAsync(NpgsqlDataSource dataSource, Guid[] tenants, CancellationToken ct)
    {
        await using (var fill = dataSource.CreateCommand(FillSql))
        {
            fill.CommandTimeout = 120;
            fill.Parameters.Add(new() { Value = tenants });
            fill.Parameters.Add(new() { Value = tenants.Length });
            fill.Parameters.Add(new() { Value = Tasks });
            await fill.ExecuteNonQueryAsync(ct);
        }

        foreach (var sql in (string[])[AnalyzeSql, SecureSql])
        {
            await using var command = dataSource.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(ct);
        }
    }
}
