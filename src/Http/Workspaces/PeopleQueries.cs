using System.Globalization;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Projections.People;
using Events.Projections.TaskCounts;
using Events.Projections.TaskList;

namespace Events.Http.Workspaces;

/// <summary>Whom tasks name: for pickers, mentions and avatars. Who may do what is <c>/members</c>.</summary>
internal sealed class PeopleQueries(PeopleQuery people, Freshness freshness, CursorSigner signer)
{
    public static IReadOnlyList<string> Sorts { get; } = ["name", "-name", "joined", "-joined"];

    private const int LongestPrefix = 100;

    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "q", "state", "sort", "limit", "cursor");
        var prefix = query.Text("q", LongestPrefix);
        var states = query.Choices<PersonStanding>("state");
        var sort = query.Choice("sort", [.. Sorts]) ?? "name";
        var order = sort.EndsWith("joined", StringComparison.Ordinal) ? PeopleOrder.Joined : PeopleOrder.Name;
        if (prefix is not null && order == PeopleOrder.Joined)
            query.Refuse("sort", "sort_not_offered", "What a name begins with is found in the order of names: name or -name.");
        var filter = new PeopleFilter(states.Count > 0 ? states : [PersonStanding.Active, PersonStanding.Placeholder], prefix);
        var limit = query.Limit();
        var key = $"people/{sort}/{string.Join(',', filter.Standings.Select(s => (int)s))}/{prefix}";
        var after = query.ReadCursor(signer, caller, key);
        if (await http.RefusedAsync(query) || !await ReachedAsync(http, caller))
            return;
        if (await people.RunAsync(caller.Tenant, filter, order, sort.StartsWith('-'), after, limit, caller.HiddenProjects, http.RequestAborted) is { } page)
            await http.WritePageAsync(page, key, signer);
        else
            await http.Response.WriteAsync(Problem.OfParameter("sort", "too_many_people", $"There are more than {PeopleQuery.MostNamed} of them, too many to put in the order of their names: take joined, or state=active."));
    }

    public async Task DetailAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request);
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
        {
            await http.Response.WriteAsync(NotThere);
            return;
        }

        if (await http.RefusedAsync(query) || !await ReachedAsync(http, caller))
            return;
        var document = await people.FindAsync(caller.Tenant, id, caller.HiddenProjects, http.RequestAborted);
        http.Response.Headers[CommandRunner.PositionHeader] = document.Position.ToString(CultureInfo.InvariantCulture);
        if (document.Exists)
            await http.WriteDocumentAsync(document.Json, ContentHash.TagOf(document.Json.Span));
        else
            await http.Response.WriteAsync(NotThere);
    }

    private async ValueTask<bool> ReachedAsync(HttpContext http, Caller caller) =>
        await freshness.ReachedAsync(http, PeopleQuery.Projection)
        && await freshness.ReachedAsync(http, caller.HiddenProjects.Count > 0 ? TaskListQuery.Projection : TaskCountsQuery.Projection);

    private static Problem NotThere { get; } = Problem.NotFound("There is no such person in this workspace.");
}
