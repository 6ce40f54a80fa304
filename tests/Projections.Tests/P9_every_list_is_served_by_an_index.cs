using System.Text.Json;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.People;
using Events.Projections.ProjectList;
using Events.Projections.Rebuild;
using Events.Projections.Search;
using Events.Projections.TaskCounts;
using Events.Projections.TaskDetail;
using Events.Projections.TaskHistory;
using Events.Projections.TaskList;
using Events.Projections.TimeTravel;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

/// <summary>P9: a page costs what a page costs, whatever is listed, in whatever order, however many tasks there are.</summary>
public sealed class P9_every_list_is_served_by_an_index(PostgresServer server) : IAsyncLifetime
{
    private const int Tasks = 1_000_000;
    private const int Limit = 50;

    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync(Service.Migrations);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    /// <summary>A million tasks in a hundred tenants, straight into the table: only its shape matters here.</summary>
    private const string FillSql =
        """
        insert into task_list (tenant_id, task_id, project_id, assignee_id, created_at, updated_at, number, version, due_on, status, priority,
                               archived, deleted, key, rank, title, labels, item)
        select md5((n % 100)::text)::uuid, md5(n::text)::uuid, md5((n % 500)::text)::uuid,
               case when n % 5 > 0 then md5((n % 2000)::text)::uuid end, now() + n * interval '1 ms', now() + (n::bigint * 7919 % 1000003) * interval '1 ms',
               n / 500, 1, case when n % 3 = 0 then current_date + (n % 90)::int end, n % 6, n % 5, n % 50 = 0, n % 60 = 0, 'WEB-' || n,
               md5((n::bigint * 31)::text), 'A title', array['bug'], '{}'
        from generate_series(1, $1) n;
        """;

    private const string DropIndexesSql =
        """
        alter table task_list drop constraint pk_task_list;
        alter table task_labels drop constraint pk_task_labels;
        do $$
        declare
            i record;
        begin
            for i in select indexname from pg_indexes where schemaname = current_schema() and tablename in ('task_list', 'task_labels') loop
                execute format('drop index %I', i.indexname);
            end loop;
        end $$
        """;

    private const string FillLabelsSql =
        """
        insert into task_labels (tenant_id, label, created_at, task_id)
        select tenant_id, 'bug', created_at, task_id
        from task_list
        where not archived and not deleted
        """;

    [Fact]
    public async Task In_every_offered_order_with_and_without_other_filters_at_a_million_tasks()
    {
        // Filled first and indexed afterwards, as a rebuild does.
        await ExecuteAsync(DropIndexesSql);
        await ExecuteAsync(FillSql, Tasks);
        await ExecuteAsync(FillLabelsSql);
        var script = ProjectionScript.Of(new TaskListProjection());
        foreach (var statement in script.Indexes.Concat(script.Constraints))
            await ExecuteAsync(statement);
        await ExecuteAsync("vacuum analyze task_list");
        await ExecuteAsync("vacuum analyze task_labels");
        foreach (var ((plan, descending, filtered), sql) in TaskListSql.All)
        {
            var name = $"{plan.Scope} by {plan.Order} {(descending ? "down" : "up")}{(filtered ? ", filtered" : "")}";
            var nodes = await ExplainAsync(sql.Page, plan, descending, filtered);
            nodes.ShouldNotContain(n => n.Type == "Seq Scan" && n.Relation.StartsWith("task_", StringComparison.Ordinal), name);
            nodes.ShouldContain(n => n.Index == plan.Index, name);
            // With other filters a page looks at so many entries and no more; without, at a page.
            var most = filtered ? TaskListPlan.MostScanned + 10 : Limit + 10;
            nodes.Where(n => n.Type is "Sort" or "Incremental Sort").ShouldAllBe(n => n.Rows <= most, name);
            nodes.Where(n => n.Relation.StartsWith("task_", StringComparison.Ordinal)).ShouldAllBe(n => n.Rows * n.Loops <= most, name);
        }
    }

    [Fact]
    public async Task Every_statement_can_be_prepared_on_a_migrated_database()
    {
        string[] statements =
        [
            .. ProjectListQuery.Statements,
            .. TaskDetailQuery.Statements,
            .. TaskHistoryQuery.Statements,
            .. TaskLinksQuery.Statements,
            .. TaskCountsQuery.Statements,
            .. SearchQuery.Statements,
            .. PeopleQuery.Statements,
            .. TaskRowsQuery.Statements,
            .. TaskListAtQuery.Statements,
            .. ProjectDiffQuery.Statements,
            .. PastEvents.Statements,
        ];
        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var ((plan, _, filtered), sql) in TaskListSql.All)
        {
            foreach (var statement in new[] { sql.Page, sql.ScanEnd })
                await ExecuteAsync(connection, $"prepare one ({Types(plan, filtered)}) as {statement}; deallocate one");
        }

        foreach (var (sql, n) in statements.Distinct().Select((s, n) => (s, n)))
        {
            await ExecuteAsync(connection, $"prepare s{n} as {sql}");
        }
    }

    private static string Types(TaskListPlan plan, bool filtered)
    {
        var key = plan.Key switch { KeyKind.Timestamp => "timestamptz", KeyKind.Date => "date", KeyKind.Number => "bigint", _ => "varchar" };
        var scope = plan.Scope == TaskListScope.Label ? "varchar" : "uuid";
        return $"uuid, {scope}, {key}, uuid, int{(filtered ? ", smallint[], smallint[], uuid, uuid, varchar, uuid[]" : "")}";
    }

    private sealed record Node(string Type, string Relation, string Index, double Rows, double Loops);

    private async Task<List<Node>> ExplainAsync(string sql, TaskListPlan plan, bool descending, bool filtered)
    {
        await using var command = database.DataSource.CreateCommand($"explain (analyze, format json) {sql}");
        var tenant = TenantKey.Of(new TenantId("7"));
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant });
        command.Parameters.Add(plan.Scope switch
        {
            TaskListScope.Label => new NpgsqlParameter<string> { TypedValue = "bug" },
            TaskListScope.Assignee => new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(new TenantId("107")) },
            _ => new NpgsqlParameter<Guid> { TypedValue = tenant },
        });
        var (key, id) = TaskListKey.Parameters(plan.Key, descending, after: null);
        command.Parameters.Add(key);
        command.Parameters.Add(id);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Limit });
        if (filtered)
        {
            command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [1, 2] });
            command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [3] });
            command.Parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
            command.Parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
            command.Parameters.Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar });
            command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [] });
        }

        var json = (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        var nodes = new List<Node>();
        Collect(JsonDocument.Parse(json).RootElement[0].GetProperty("Plan"), nodes);
        return nodes;
    }

    private static void Collect(JsonElement plan, List<Node> nodes)
    {
        nodes.Add(new Node(
            plan.GetProperty("Node Type").GetString()!,
            Text(plan, "Relation Name"),
            Text(plan, "Index Name"),
            plan.GetProperty("Actual Rows").GetDouble() + (plan.TryGetProperty("Rows Removed by Filter", out var removed) ? removed.GetDouble() : 0),
            plan.GetProperty("Actual Loops").GetDouble()));
        if (!plan.TryGetProperty("Plans", out var children))
            return;
        foreach (var child in children.EnumerateArray())
            Collect(child, nodes);
    }

    private static string Text(JsonElement plan, string name) => plan.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        command.CommandTimeout = 0;
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
