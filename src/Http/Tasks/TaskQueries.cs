using System.Globalization;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Projections.Engine;
using Events.Projections.Search;
using Events.Projections.TaskDetail;
using Events.Projections.TaskHistory;
using Events.Projections.TaskList;
using Events.Projections.TimeTravel;

namespace Events.Http.Tasks;

/// <summary>Lists and details of tasks, from read models only.</summary>
public sealed class TaskQueries(
    TaskListQuery list, TaskListAtQuery past, TaskDetailQuery details, TaskAtQuery pastDetails, TaskHistoryQuery history, TaskLinksQuery links, SearchQuery search, Freshness freshness, CursorSigner signer, HotAnswers hot)
{
    /// <summary>Matches of a search that are filtered, sorted and paged; more letters narrow it down.</summary>
    private const int MostFound = 1_000;

    public static IReadOnlyList<string> Sorts { get; } =
        [.. Enum.GetNames<TaskListOrder>().Select(n => n.ToLowerInvariant()).SelectMany(n => new[] { n, $"-{n}" })];

    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "projectId", "status", "priority", "assigneeId", "label", "q", "at", "sort", "limit", "cursor");
        var at = query.Time("at");
        var filter = ReadFilter(query, caller);
        var sort = ReadSort(query, filter, anyOrder: at is not null || query.Find("q") is not null);
        var limit = query.Limit();
        if (query.Text("q", 200) is { } text)
        {
            await SearchAsync(http, caller, query, text, filter, sort, limit);
            return;
        }

        var key = Canonical(filter, sort, at);
        var after = query.ReadCursor(signer, caller, key);
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskListQuery.Projection))
            return;
        if (at is null)
        {
            await http.WritePageAsync(await hot.GetAsync(
                http,
                caller,
                $"{limit}/{query.Find("cursor")}/{key}",
                async ct => (await list.RunAsync(caller.Tenant, filter, sort, after, limit, ct)).Sign(caller.Tenant, key, signer),
                SignedPage.Measure));
        }
        else if (await past.RunAsync(caller.Tenant, at.Value, filter, caller.HiddenProjects, sort, after, limit, http.RequestAborted) is { } page)
        {
            await http.WritePageAsync(page, key, signer);
        }
        else
        {
            await http.Response.WriteAsync(Problem.OfParameter("at", "too_much_changed", $"More than {TaskListAtQuery.MostEvents} events lie between: name a project, or a later moment."));
        }
    }

    /// <summary>The best matches in title and description, filtered; best first unless sorted.</summary>
    private async Task SearchAsync(HttpContext http, Caller caller, QueryParameters query, string text, TaskListFilter filter, TaskListSort sort, int limit)
    {
        if (query.Find("at") is not null)
            query.Refuse("at", "either_or", "A search finds what is there now.");
        TaskListSort? order = query.Find("sort") is null ? null : sort;
        var key = $"search/{(order is null ? "best" : "sorted")}/{Canonical(filter, sort, null)}/{text}";
        var after = query.ReadCursor(signer, caller, key);
        // What is found by words is shown as the task list has it.
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, SearchQuery.Projection) || !await freshness.ReachedAsync(http, TaskListQuery.Projection))
            return;
        var whole = order is not null || caller.HiddenProjects.Count > 0
            || filter is not { ProjectId: null, Statuses: null, Priorities: null, AssigneeId: null, Label: null };
        var wanted = whole ? MostFound : Math.Min(MostFound, FoundTasks.SkippedBy(after) + limit + 1);
        var hits = await search.RunAsync(caller.Tenant, text, caller.HiddenProjects, wanted, http.RequestAborted);
        await http.WritePageAsync(FoundTasks.Page(hits, filter, caller, order, after, limit), key, signer);
    }

    public async Task DetailAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
        {
            await http.Response.WriteAsync(NotThere);
            return;
        }

        var query = QueryParameters.Read(http.Request, "at", "version");
        var (at, version) = (query.Time("at"), query.Number("version", 1, long.MaxValue));
        if (at is not null && version is not null)
            query.Refuse("at", "either_or", "It takes at or version, not both.");
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskDetailQuery.Projection))
            return;
        var document = at is null && version is null
            ? await hot.GetAsync(http, caller, $"task/{id:N}", ct => details.FindAsync(caller.Tenant, id, ct), HotAnswers.MeasureDocument)
            : await pastDetails.FindAsync(caller.Tenant, id, version, at, http.RequestAborted);
        await WriteDetailAsync(http, caller, document);
    }

    public async Task HistoryAsync(HttpContext http)
    {
        if (await BeginPartAsync(http, "history") is not var (caller, id, query, after, limit, key))
            return;
        _ = query;
        var before = after is null ? (long?)null : long.Parse(after.Value, CultureInfo.InvariantCulture);
        await WritePartAsync(http, caller, id, await history.RunAsync(caller.Tenant, id, before, limit, http.RequestAborted), key);
    }

    public async Task CommentsAsync(HttpContext http)
    {
        if (await BeginPartAsync(http, "comments") is not var (caller, id, query, after, limit, key))
            return;
        _ = query;
        var behind = after is null ? 0 : long.Parse(after.Value, CultureInfo.InvariantCulture);
        await WritePartAsync(http, caller, id, await details.CommentsAsync(caller.Tenant, id, behind, limit, http.RequestAborted), key);
    }

    public async Task LinksAsync(HttpContext http)
    {
        if (await BeginPartAsync(http, "links") is not var (caller, id, query, after, limit, key))
            return;
        _ = query;
        // Which tasks they are, one view says; what they look like, another.
        if (await freshness.ReachedAsync(http, TaskListQuery.Projection))
            await WritePartAsync(http, caller, id, await links.RunAsync(caller.Tenant, id, caller.HiddenProjects, after, limit, http.RequestAborted), key);
    }

    /// <summary>A page of a task's parts; none may mean that there is no such task.</summary>
    private async Task WritePartAsync(HttpContext http, Caller caller, Guid id, QueryPage page, string key)
    {
        if (page.Count > 0 || (await details.FindAsync(caller.Tenant, id, http.RequestAborted)).Exists)
            await http.WritePageAsync(page, key, signer);
        else
            await http.Response.WriteAsync(NotThere);
    }

    /// <summary>What the pages of a task's parts begin with; null: it is answered already.</summary>
    private async ValueTask<(Caller Caller, Guid Id, QueryParameters Query, KeysetCursor? After, int Limit, string Key)?> BeginPartAsync(HttpContext http, string part)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "limit", "cursor");
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
        {
            await http.Response.WriteAsync(NotThere);
            return null;
        }

        var limit = query.Limit();
        var key = $"{part}/{id:N}";
        var after = query.ReadCursor(signer, caller, key);
        if (await http.RefusedAsync(query) || !await freshness.ReachedAsync(http, TaskDetailQuery.Projection))
            return null;
        if (caller.HiddenProjects.Count > 0 && (await details.FindAsync(caller.Tenant, id, http.RequestAborted)) is var task && !(task.Exists && Sees(caller, task.Json)))
        {
            await http.Response.WriteAsync(NotThere);
            return null;
        }

        return (caller, id, query, after, limit, key);
    }

    private static async Task WriteDetailAsync(HttpContext http, Caller caller, QueryDocument document)
    {
        http.Response.Headers[CommandRunner.PositionHeader] = document.Position.ToString(CultureInfo.InvariantCulture);
        if (!document.Exists || !Sees(caller, document.Json))
        {
            await http.Response.WriteAsync(NotThere);
            return;
        }

        await http.WriteDocumentAsync(document.Json, Versions.ETag(document.Version));
    }

    /// <summary>Whether the document's project may be known to the caller.</summary>
    internal static bool Sees(Caller caller, ReadOnlyMemory<byte> document)
    {
        if (caller.HiddenProjects.Count == 0)
            return true;
        var json = new Utf8JsonReader(document.Span);
        while (json.Read())
        {
            if (json.CurrentDepth == 1 && json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals("projectId"u8))
                return json.Read() && caller.Sees(json.GetGuid());
        }

        return false;
    }

    private static TaskListFilter ReadFilter(QueryParameters query, Caller caller)
    {
        var statuses = query.Choices<WorkStatus>("status");
        var priorities = query.Choices<Priority>("priority");
        return new TaskListFilter
        {
            ProjectId = query.Id("projectId"),
            Statuses = statuses.Count == 0 ? null : statuses,
            Priorities = priorities.Count == 0 ? null : priorities,
            AssigneeId = query.Find("assigneeId") == "me" ? caller.PersonId : query.Id("assigneeId"),
            Label = query.Text("label", Commands.Deciding.Limits.Label),
            HiddenProjects = caller.HiddenProjects,
        };
    }

    private static TaskListSort ReadSort(QueryParameters query, TaskListFilter filter, bool anyOrder)
    {
        if (query.Find("sort") is not { } text)
            return TaskListSort.NewestFirst;
        var descending = text.StartsWith('-');
        var name = descending ? text.AsSpan(1) : text;
        var offered = anyOrder ? [.. Enum.GetValues<TaskListOrder>()] : TaskListQuery.Orders(filter).ToList();
        foreach (var order in offered)
        {
            if (name.SequenceEqual(NameOf(order)))
                return new TaskListSort(order, descending);
        }

        query.Refuse("sort", "sort_not_offered", $"With this filter it takes one of {string.Join(", ", offered.Select(NameOf))}; with - before it, the other way round.");
        return TaskListSort.NewestFirst;
    }

    private static string NameOf(TaskListOrder order) => order switch
    {
        TaskListOrder.Created => "created",
        TaskListOrder.Updated => "updated",
        TaskListOrder.Due => "due",
        TaskListOrder.Priority => "priority",
        TaskListOrder.Rank => "rank",
        _ => "number",
    };

    private static string Canonical(TaskListFilter filter, TaskListSort sort, DateTimeOffset? at) => string.Create(
        CultureInfo.InvariantCulture,
        $"tasks/{(int)sort.Order}{(sort.Descending ? '-' : '+')}/{filter.ProjectId:N}/{filter.AssigneeId:N}/{string.Join(',', filter.Statuses?.Select(s => (int)s) ?? [])}/{string.Join(',', filter.Priorities?.Select(p => (int)p) ?? [])}/{at?.UtcTicks}/{filter.Label}");

    private static Problem NotThere { get; } = Problem.NotFound("There is no such task.");
}
