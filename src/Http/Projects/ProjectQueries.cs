using System.Globalization;
using Events.Commands.Projects;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Projections.ProjectList;
using Events.Projections.TaskCounts;
using Events.Projections.TaskList;
using Events.Projections.TimeTravel;

namespace Events.Http.Projects;

public sealed class ProjectQueries(ProjectListQuery projects, ProjectCommands commands, ProjectDiffQuery differences, Freshness freshness, CursorSigner signer, HotAnswers hot, TimeProvider clock)
{
    public static IReadOnlyList<string> Sorts { get; } = ["key", "-key", "name", "-name", "created", "-created"];

    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "archived", "sort", "limit", "cursor");
        var archived = query.Flag("archived") ?? false;
        var sort = query.Choice("sort", [.. Sorts]) ?? "key";
        var order = sort.TrimStart('-') switch { "name" => ProjectListOrder.Name, "created" => ProjectListOrder.Created, _ => ProjectListOrder.Key };
        var limit = query.Limit();
        var key = $"projects/{archived}/{sort}";
        var after = query.ReadCursor(signer, caller, key);
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, ProjectListQuery.Projection) || !await freshness.ReachedAsync(http, TaskCountsQuery.Projection))
            return;
        await http.WritePageAsync(await hot.GetAsync(
            http,
            caller,
            $"{limit}/{query.Find("cursor")}/{key}",
            async ct => (await projects.RunAsync(caller.Tenant, archived, order, sort.StartsWith('-'), after, limit, ct, caller.HiddenProjects)).Sign(caller.Tenant, key, signer),
            SignedPage.Measure));
    }

    public async Task DetailAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request);
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id) || !caller.Sees(id))
        {
            await http.Response.WriteAsync(NotThere);
            return;
        }

        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, ProjectListQuery.Projection))
            return;
        var document = await projects.FindAsync(caller.Tenant, id, http.RequestAborted);
        http.Response.Headers[CommandRunner.PositionHeader] = document.Position.ToString(CultureInfo.InvariantCulture);
        if (document.Exists)
            await http.WriteDocumentAsync(document.Json, Versions.ETag(document.Version));
        else
            await http.Response.WriteAsync(NotThere);
    }

    public async Task DiffAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "from", "to", "limit", "cursor");
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id) || !caller.Sees(id) || !await commands.ExistsAsync(caller.Tenant, id, http.RequestAborted))
        {
            await http.Response.WriteAsync(NotThere);
            return;
        }

        var (from, to, limit) = (query.Time("from"), query.Time("to"), query.Limit());
        if (from is null && query.Problem is null)
            query.Refuse("from", "required", "It is missing.");
        if (to < from)
            query.Refuse("to", "out_of_range", "It must not be before from.");
        var key = $"diff/{id:N}/{from?.UtcTicks}/{to?.UtcTicks}";
        var after = query.ReadCursor(signer, caller, key);
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskListQuery.Projection))
            return;
        var behind = after is null ? 0 : long.Parse(after.Value, CultureInfo.InvariantCulture);
        await http.WritePageAsync(await differences.RunAsync(caller.Tenant, id, from!.Value, to ?? clock.GetUtcNow(), behind, limit, http.RequestAborted), key, signer);
    }

    private static Problem NotThere { get; } = Problem.NotFound("There is no such project.");
}
