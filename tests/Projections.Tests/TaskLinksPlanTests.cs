using System.Text.Json;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskDetail;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

/// <summary>P9 for links: a task to which everybody links is read a page at a time, by indexes that the tenant leads.</summary>
public sealed class TaskLinksPlanTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync(Service.Migrations);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    /// <summary>A hundred thousand tasks in ten workspaces; each is linked to three others and to its workspace's first one.</summary>
    private const string FillSql =
        """
        insert into task_list (tenant_id, task_id, project_id, created_at, updated_at, number, version, status, priority,
                               archived, deleted, key, rank, title, labels, item)
        select md5((n % 10)::text)::uuid, md5(n::text)::uuid, md5((n % 50)::text)::uuid, now(), now(), n, 1, n % 6, n % 5,
               false, n % 9 = 0, 'WEB-' || n, 'r', 'A title', array['bug'], '{}'
        from generate_series(0, 99999) n;
        insert into task_links (tenant_id, task_id, other_task_id, kind)
        select md5((n % 10)::text)::uuid, md5(n::text)::uuid, md5(((n + s * 70) % 100000)::text)::uuid, s
        from generate_series(0, 99999) n, generate_series(0, 2) s
        union
        select md5((n % 10)::text)::uuid, md5(n::text)::uuid, md5((n % 10)::text)::uuid, 1
        from generate_series(0, 99999) n;
        vacuum analyze task_list, task_links
        """;

    [Fact]
    public async Task A_page_of_links_reads_so_many_of_them_and_their_tasks_from_either_end()
    {
        foreach (var sql in FillSql.Split(";\n"))
        {
            await using var fill = database.DataSource.CreateCommand(sql);
            await fill.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var nodes = await ExplainAsync(TaskLinksQuery.Statements.Single());
        nodes.ShouldAllBe(n => n.Type != "Seq Scan");
        foreach (var index in (string[])["pk_task_links", "ix_task_links_other", "pk_task_list"])
            nodes.ShouldContain(n => n.Index == index, index);
        nodes.ShouldAllBe(n => n.Rows <= TaskLinksQuery.MostScanned + 1);
    }

    private sealed record Node(string Type, string Relation, string Index, double Rows);

    private async Task<List<Node>> ExplainAsync(string sql)
    {
        var tenant = TenantKey.Of(new TenantId("7"));
        await using var command = database.DataSource.CreateCommand($"explain (analyze, format json) {sql}");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = -1 });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.Empty });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = 1 });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(new TenantId("17")) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = TaskLinksQuery.MostScanned + 1 });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [Guid.NewGuid()] });
        var json = (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        var nodes = new List<Node>();
        Collect(JsonDocument.Parse(json).RootElement[0].GetProperty("Plan"), nodes);
        return [.. nodes.Where(n => n.Relation is "task_links" or "task_list")];
    }

    private static void Collect(JsonElement plan, List<Node> nodes)
    {
        var removed = plan.TryGetProperty("Rows Removed by Filter", out var filtered) ? filtered.GetDouble() : 0;
        nodes.Add(new Node(
            plan.GetProperty("Node Type").GetString()!,
            Text(plan, "Relation Name"),
            Text(plan, "Index Name"),
            (plan.GetProperty("Actual Rows").GetDouble() + removed) * plan.GetProperty("Actual Loops").GetDouble()));
        if (!plan.TryGetProperty("Plans", out var children))
            return;
        foreach (var child in children.EnumerateArray())
            Collect(child, nodes);
    }

    private static string Text(JsonElement plan, string name) => plan.TryGetProperty(name, out var value) ? value.GetString()! : "";
}
