using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Http.Describing;

namespace Events.Http.Overview;

public static class OverviewEndpoints
{
    private const string Tag = "Overview";
    private const string Counts = """{"backlog":3,"todo":5,"in_progress":2,"in_review":1,"done":40,"cancelled":4}""";

    public static void MapOverview(this IEndpointRouteBuilder api)
    {
        var overview = api.ServiceProvider.GetRequiredService<OverviewQueries>();
        api.MapGet("/search", overview.SearchAsync).RequirePermission(Permission.TasksRead).Describe(new("search", Tag, "Search tasks")
        {
            IsOfReadModels = true,
            Description = "By default as people type: words of title or key that begin with what was typed, failing that contain it. With `mode=words`, all words in title or description, best first. At most 50 items and no further page: more letters narrow it down.",
            Query =
            [
                Parameter.Text("q", "What was typed.", "invo"),
                Parameter.Choice("mode", "How.", ["typeahead", "words"]),
                Parameter.Limit with { Schema = """{"type":"integer","minimum":1,"maximum":50,"default":50}""" },
            ],
            Example = Examples.Page(Examples.TaskRow),
            Paginated = true,
        });
        api.MapGet("/me/summary", overview.MySummaryAsync).RequirePermission(Permission.TasksRead).Describe(new("mySummary", Tag, "What is on my desk")
        {
            IsOfReadModels = true,
            Query = [new("today", """{"type":"string","format":"date"}""", "The date where you are; UTC's by default.", "2026-11-21")],
            Example = $$"""{"assigned":{{Counts}},"open":11,"overdue":1,"dueToday":2,"dueThisWeek":4}""",
        });
        api.MapGet("/workspace/counts", overview.CountsAsync).RequirePermission(Permission.TasksRead).Describe(new("workspaceCounts", Tag, "Count tasks by status")
        {
            IsOfReadModels = true,
            Query = [Parameter.Id("projectId", "Only of this project.")],
            Example = $$"""{"tasks":{{Counts}},"open":11,"total":55}""",
        });
        api.MapGet("/workspace/flow", overview.FlowAsync).RequirePermission(Permission.TasksRead).Describe(new("workspaceFlow", Tag, "Tasks in each status, day by day")
        {
            IsOfReadModels = true,
            Description = "At the end of each day (UTC), at most 366 of them; the last 30 by default.",
            Query =
            [
                Parameter.Id("projectId", "Only of this project."),
                new("from", """{"type":"string","format":"date"}""", "First day.", "2026-11-01"),
                new("to", """{"type":"string","format":"date"}""", "Last day.", "2026-11-21"),
            ],
            Example = """{"days":[{"day":"2026-11-21","backlog":3,"todo":5,"in_progress":2,"in_review":1,"done":40,"cancelled":4}]}""",
        });
    }
}
