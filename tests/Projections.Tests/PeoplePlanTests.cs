using System.Text.Json;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.People;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

/// <summary>P9 for people: whatever is asked, the tables are read by an index led by the tenant, and no more of them than is shown.</summary>
public sealed class PeoplePlanTests(PostgresServer server) : IAsyncLifetime
{
    private const int Limit = 50;

    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync(Service.Migrations);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    /// <summary>A hundred thousand people in a hundred workspaces, each with open tasks.</summary>
    private const string FillSql =
        """
        insert into people (tenant_id, person_id, joined_at, state, role, name)
        select md5((n % 100)::text)::uuid, md5(n::text)::uuid, now() + n * interval '1 ms', n % 3, n % 4, 'sealed:1:' || replace(md5(n::text), '-', '') || ':x'
        from generate_series(1, 100000) n;
        insert into people (tenant_id, person_id, joined_at, name)
        select tenant_key('*PEOPLE*'), md5(n::text)::uuid, now(), 'sealed:1:' || replace(md5(n::text), '-', '') || ':x'
        from generate_series(1, 100000) n;
        insert into task_tallies (tenant_id, kind, subject, day, status, tasks)
        select md5((n % 100)::text)::uuid, 2, md5(n::text)::uuid, '1970-01-01', s, 3
        from generate_series(1, 100000) n, generate_series(0, 3) s;
        insert into task_list (tenant_id, task_id, project_id, assignee_id, created_at, updated_at, number, version, status, priority,
                               archived, deleted, key, rank, title, labels, item)
        select md5((n % 100)::text)::uuid, gen_random_uuid(), md5((n % 500)::text)::uuid, md5(n::text)::uuid, now(), now(), n, 1, n % 6, n % 5,
               false, false, 'WEB-' || n, 'r', 'A title', array['bug'], '{}'
        from generate_series(1, 100000) n;
        vacuum analyze people, task_tallies, task_list
        """;

    [Fact]
    public async Task Each_statement_reads_a_page_by_an_index_that_the_tenant_leads()
    {
        foreach (var sql in FillSql.Split(";\n"))
        {
            await using var fill = database.DataSource.CreateCommand(sql);
            await fill.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        foreach (var (statement, n) in PeopleQuery.Statements.Select((s, n) => (s, n)))
        {
            var whole = statement.Contains("as listed", StringComparison.Ordinal);
            foreach (var node in await ExplainAsync(statement))
            {
                node.Type.ShouldNotBe("Seq Scan", $"{n}: {node}");
                // An order by name looks at a workspace's people, a thousand here; everything else at a page, a state and row each.
                node.Rows.ShouldBeLessThanOrEqualTo(whole ? 1_000 : 3 * (Limit + 1) * 4, $"{n}: {node}");
            }
        }
    }

    private sealed record Node(string Type, string Relation, string Index, double Rows);

    private async Task<List<Node>> ExplainAsync(string sql)
    {
        var tenant = TenantKey.Of(new TenantId("7"));
        await using var command = database.DataSource.CreateCommand($"explain (analyze, format json) {sql}");
        var parameters = command.Parameters;
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant });
        var ids = Enumerable.Range(0, Limit).Select(i => TenantKey.Of(new TenantId($"{(i * 100) + 7}"))).ToArray();
        if (sql.Contains("h.hidden", StringComparison.Ordinal) || sql.Contains("as hidden", StringComparison.Ordinal))
        {
            parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [Guid.NewGuid()] });
            if (sql.Contains("$3::uuid[]", StringComparison.Ordinal))
            {
                parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
            }
            else
            {
                parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [0, 1, 2] });
                parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = sql.Contains("desc", StringComparison.Ordinal) ? DateTime.MaxValue : DateTime.MinValue, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz });
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.Empty });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = Limit + 1 });
            }
        }
        else if (sql.Contains("as listed", StringComparison.Ordinal))
        {
            parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [0, 1] });
            parameters.Add(new NpgsqlParameter<int> { TypedValue = PeopleQuery.MostNamed + 1 });
            parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.Empty });
        }
        else
        {
            parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
        }

        var json = (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        var nodes = new List<Node>();
        Collect(JsonDocument.Parse(json).RootElement[0].GetProperty("Plan"), nodes);
        return [.. nodes.Where(n => n.Relation is "people" or "task_tallies" or "task_list")];
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
