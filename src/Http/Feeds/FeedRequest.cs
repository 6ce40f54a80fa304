using System.Collections.Frozen;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Http.Auth;
using Events.Http.Lists;
using Events.Http.Tasks;

namespace Events.Http.Feeds;

/// <summary>Which events a consumer wants, and which of them it may see.</summary>
/// <param name="Limit">Of a page.</param>
/// <param name="MostLines">Of a replay; null: everything.</param>
internal sealed record FeedRequest(Caller Caller, long? After, IReadOnlyList<string> Types, Guid? StreamId, int Limit, int? MostLines)
{
    /// <summary>What happens to tasks and projects. People's sessions and addresses are no business of a feed.</summary>
    public static FrozenSet<string> Offered { get; } = TaskEventNames.All
        .Concat(["project_created", "project_renamed", "project_described", "project_lead_changed", "project_rescheduled", "project_status_changed", "project_archived", "project_restored"])
        .ToFrozenSet(StringComparer.Ordinal);

    public static FeedRequest Read(HttpContext http, out QueryParameters query)
    {
        query = QueryParameters.Read(http.Request, "after", "limit", "types", "streamId");
        IReadOnlyList<string> types = query.Find("types") is { } text ? text.Split(',') : [.. Offered];
        foreach (var type in types)
        {
            if (Offered.Contains(type))
                continue;
            query.Refuse("types", "unknown_value", $"It takes, with commas between: {string.Join(", ", Offered.Order(StringComparer.Ordinal))}.");
            break;
        }

        var after = query.Number("after", 0, long.MaxValue);
        if (after is null && long.TryParse(http.Request.Headers["Last-Event-ID"], System.Globalization.NumberStyles.None, null, out var last))
            after = last;
        return new FeedRequest(http.Features.Get<Caller>()!, after, types, query.Id("streamId"), query.Limit(), query.Find("limit") is null ? null : query.Limit());
    }

    public EventFilter Filter(long upTo) => new() { Tenant = Caller.Tenant, Types = [.. Types], UpTo = upTo };

    /// <summary>Whether an event that was read without <see cref="Filter"/> is wanted and may be seen.</summary>
    public async ValueTask<bool> TakesAsync(RecordedEvent recorded, TaskCommands tasks, CancellationToken ct)
    {
        if (recorded.Tenant != Caller.Tenant || (StreamId is { } stream && recorded.StreamId != stream) || !Types.Contains(recorded.Type, StringComparer.Ordinal))
            return false;
        if (Caller.HiddenProjects.Count == 0)
            return true;
        var project = recorded.Type.StartsWith("project_", StringComparison.Ordinal) ? recorded.StreamId : await tasks.ProjectOfAsync(recorded.Tenant, recorded.StreamId, ct);
        return project is { } known && Caller.Sees(known);
    }
}
