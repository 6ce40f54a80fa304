using System.Net;
using System.Text.Json.Nodes;
using Events.Platform.Tenancy;
using Events.Projections.Search;
using Events.Projections.TaskList;
using Events.Projections.TimeTravel;
using Events.Security.Tests.Hosting;
using Npgsql;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Tenancy;

/// <summary>Whatever a request reads from a read model, it reads as the role that sees one tenant.</summary>
public sealed class GuardedReadTests
{
    private const string Marker = "marmoset-11c4";

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public void Every_query_takes_its_rows_from_guarded_reads()
    {
        // Searches are not under it, and the event store's table is closed to the role: see ADR 55.
        Type[] besides = [typeof(SearchQuery), typeof(PastEvents)];
        var queries = typeof(TaskListQuery).Assembly.GetTypes().Where(t => t.Name.EndsWith("Query", StringComparison.Ordinal) && t is { IsClass: true, IsAbstract: false }).ToList();
        queries.Count.ShouldBeGreaterThan(8);
        queries.Except(besides)
            .Where(t => t.GetConstructors().SelectMany(c => c.GetParameters()).Any(p => p.ParameterType == typeof(NpgsqlDataSource)))
            .Select(t => t.Name)
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task With_every_policy_shut_no_endpoint_shows_a_row()
    {
        // Memory would answer what was read before the policies were shut.
        await using var service = new Service { Extra = { ["Events:HotAnswers:Bytes"] = "0" } };
        await service.InitializeAsync();
        service.Get<TenantReads>().Guarded.ShouldBeTrue();
        using var ask = new Asking(service.Url);
        var founded = await service.FoundAsync("guarded");
        var owner = Credential.OfToken("owner", founded.Token!);
        var start = DateTimeOffset.UtcNow.AddMinutes(-1).ToString("O");
        var project = await CreateAsync("/api/v1/projects", $$"""{"key":"GRD","name":"{{Marker}}"}""");
        var task = await CreateAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"{{Marker}}","assigneeId":"{{founded.PersonId}}","dueOn":"2020-01-01"}""");
        var old = await CreateAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"{{Marker}} as it stays"}""");
        await CreateAsync($"/api/v1/tasks/{task}/comments", $$"""{"body":"{{Marker}}"}""");
        await ask.SendAsync(owner, "POST", $"/api/v1/tasks/{task}/links", $$"""{"kind":"blocks","taskId":"{{old}}"}""");
        var between = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        await ask.SendAsync(owner, "PATCH", $"/api/v1/tasks/{task}", """{"status":"in_review"}""");
        var after = Uri.EscapeDataString(DateTimeOffset.UtcNow.AddMinutes(1).ToString("O"));
        string[] rows =
        [
            "/api/v1/projects", $"/api/v1/projects/{project}", $"/api/v1/projects/{project}/diff?from={Uri.EscapeDataString(start)}&to={after}",
            "/api/v1/tasks", $"/api/v1/tasks?projectId={project}&sort=rank", $"/api/v1/tasks?assigneeId={founded.PersonId}",
            $"/api/v1/tasks?at={between}", $"/api/v1/tasks?at={after}", $"/api/v1/tasks/{task}", $"/api/v1/tasks/{task}/comments", $"/api/v1/tasks/{old}/links", $"/api/v1/tasks/{old}/history",
        ];
        string[] counts = ["/api/v1/workspace/counts", $"/api/v1/workspace/counts?projectId={project}", "/api/v1/workspace/flow", "/api/v1/me/summary"];
        await Eventually.IsTrueAsync(async () => (await ask.SendAsync(owner, "GET", "/api/v1/tasks")).Text.Contains("in_review", StringComparison.Ordinal)
            && (await ask.SendAsync(owner, "GET", "/api/v1/me/summary")).Text.Contains("\"in_review\":1", StringComparison.Ordinal));
        foreach (var path in rows)
            (await ask.SendAsync(owner, "GET", path)).Text.ShouldContain(Marker, customMessage: path);
        foreach (var path in counts)
            (await ask.SendAsync(owner, "GET", path)).Text.ShouldContain("\"in_review\":1", customMessage: path);

        await ShutAsync(service);
        foreach (var path in rows)
            (await ask.SendAsync(owner, "GET", path)).Text.ShouldNotContain(Marker, customMessage: path);
        foreach (var path in counts)
            (await ask.SendAsync(owner, "GET", path)).Text.ShouldNotContain("\"in_review\":1", customMessage: path);
        (await service.Get<TaskRowsQuery>().FindAsync(new TenantId(founded.WorkspaceId), [Guid.Parse(task)], Ct)).ShouldBeEmpty();

        async Task<string> CreateAsync(string path, string body)
        {
            var answer = await ask.SendAsync(owner, "POST", path, body);
            answer.Status.ShouldBe(HttpStatusCode.Created, answer.Text);
            return (string)JsonNode.Parse(answer.Text)!["id"]!;
        }
    }

    // The owner of the tables is under no policy: what still shows a row now was not read as the role.
    private static async Task ShutAsync(Service service)
    {
        await using var command = service.Database.DataSource.CreateCommand(
            """
            do $$
            declare r record;
            begin
                for r in select polrelid::regclass as name, polname from pg_policy loop
                    execute format('alter policy %I on %s using (false)', r.polname, r.name);
                end loop;
            end $$
            """);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
