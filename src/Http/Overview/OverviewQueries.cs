using System.Globalization;
using Events.Commands.Projects;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Projections.Engine;
using Events.Projections.Search;
using Events.Projections.TaskCounts;
using Events.Projections.TaskList;

namespace Events.Http.Overview;

/// <summary>Answers about many tasks at once: what was typed, what is on my desk, how many, and how it flows.</summary>
public sealed class OverviewQueries(SearchQuery search, TaskCountsQuery counts, ProjectCommands projects, Freshness freshness, CursorSigner signer, HotAnswers hot, TimeProvider time)
{
    private const int MostSearched = 50;
    private const int LongestText = 200;
    private const int UsualFlowDays = 30;

    public async Task SearchAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "q", "mode", "limit");
        var text = query.Text("q", LongestText) ?? "";
        var words = query.Choice("mode", "typeahead", "words") == "words";
        var limit = query.Limit(MostSearched);
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, SearchQuery.Projection) || !await freshness.ReachedAsync(http, TaskListQuery.Projection))
            return;
        await http.WritePageAsync(await hot.GetAsync(
            http,
            caller,
            $"search/{(words ? "words" : "typed")}/{limit}/{text}",
            async ct =>
            {
                var page = words
                    ? await search.RunAsync(caller.Tenant, text, caller.HiddenProjects, limit, ct)
                    : await search.TypeAheadAsync(caller.Tenant, text, caller.HiddenProjects, limit, ct);
                return page.Sign(caller.Tenant, "search", signer);
            },
            SignedPage.Measure));
    }

    public async Task MySummaryAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "today");
        var today = query.Date("today") ?? Today();
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskCountsQuery.Projection))
            return;
        if (caller.HiddenProjects.Count > 0 && !await freshness.ReachedAsync(http, TaskListQuery.Projection))
            return;
        await WriteAsync(http, await hot.GetAsync(
            http,
            caller,
            $"summary/{caller.PersonId:N}/{today:O}",
            ct => counts.PersonAsync(caller.Tenant, caller.PersonId, caller.HiddenProjects, today, ct),
            HotAnswers.MeasureDocument));
    }

    public async Task CountsAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "projectId");
        var project = query.Id("projectId");
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskCountsQuery.Projection))
            return;
        if (project is { } named && !await ExistsAsync(caller, named, http.RequestAborted))
            await http.Response.WriteAsync(Problem.NotFound("There is no such project."));
        else
            await WriteAsync(http, await hot.GetAsync(
                http,
                caller,
                $"counts/{project:N}",
                ct => project is { } id ? counts.ProjectAsync(caller.Tenant, id, ct) : counts.WorkspaceAsync(caller.Tenant, caller.HiddenProjects, ct),
                HotAnswers.MeasureDocument));
    }

    public async Task FlowAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "projectId", "from", "to");
        var project = query.Id("projectId");
        var to = query.Date("to") ?? Today();
        var from = query.Date("from") ?? DateOnly.FromDayNumber(Math.Max(0, to.DayNumber - UsualFlowDays + 1));
        if (from > to || to.DayNumber - from.DayNumber >= TaskCountsQuery.MostDays)
            query.Refuse("from", "out_of_range", $"from is before to, and at most {TaskCountsQuery.MostDays} days are told at once.");
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskCountsQuery.Projection))
            return;
        if (project is { } named && !await ExistsAsync(caller, named, http.RequestAborted))
            await http.Response.WriteAsync(Problem.NotFound("There is no such project."));
        else
            await WriteAsync(http, await counts.FlowAsync(caller.Tenant, project, caller.HiddenProjects, from, to, http.RequestAborted));
    }

    // One that never was is answered as one that is hidden.
    private async ValueTask<bool> ExistsAsync(Caller caller, Guid projectId, CancellationToken ct) =>
        caller.Sees(projectId) && await projects.ExistsAsync(caller.Tenant, projectId, ct);

    private DateOnly Today() => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);

    private static async Task WriteAsync(HttpContext http, QueryDocument document)
    {
        http.Response.Headers[CommandRunner.PositionHeader] = document.Position.ToString(CultureInfo.InvariantCulture);
        await http.WriteDocumentAsync(document.Json, ContentHash.TagOf(document.Json.Span));
    }
}
