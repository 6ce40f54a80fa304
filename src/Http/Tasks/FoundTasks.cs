using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Projections.Engine;
using Events.Projections.TaskList;

namespace Events.Http.Tasks;

/// <summary>
/// Pages of what a search found: its few best matches are filtered and sorted here rather than by an index. The cursor names the
/// last task and how many came before the next, so that a match that went away meanwhile loses nobody's place.
/// </summary>
internal static class FoundTasks
{
    /// <param name="sort">Null: best matches first, as they come.</param>
    /// <param name="limit">Rows of a page.</param>
    public static QueryPage Page(QueryPage hits, TaskListFilter filter, Caller caller, TaskListSort? sort, KeysetCursor? after, int limit)
    {
        if (hits.Items.IsEmpty)
            return hits with { Next = null };
        using var items = JsonDocument.Parse(Encoding.UTF8.GetBytes($"[{Encoding.UTF8.GetString(hits.Items.Span)}]"));
        var found = items.RootElement.EnumerateArray().Where(i => Passes(i, filter, caller)).ToList();
        // As in a list: by due date, what has one.
        if (sort is { Order: TaskListOrder.Due })
            found.RemoveAll(i => i.GetProperty("dueOn").ValueKind == JsonValueKind.Null);
        if (sort is { } order)
            found = [.. order.Descending ? found.OrderByDescending(i => KeyOf(i, order.Order), StringComparer.Ordinal) : found.OrderBy(i => KeyOf(i, order.Order), StringComparer.Ordinal)];
        var start = after is null ? 0 : found.FindIndex(i => i.GetProperty("id").GetGuid() == after.Id) + 1;
        if (after is not null && start == 0)
            start = Math.Min(found.Count, SkippedBy(after));

        var kept = new ArrayBufferWriter<byte>(hits.Items.Length);
        var page = found.Skip(start).Take(limit).ToList();
        foreach (var item in page)
        {
            if (kept.WrittenCount > 0)
                kept.Write(","u8);
            kept.Write(Encoding.UTF8.GetBytes(item.GetRawText()));
        }

        var next = start + page.Count;
        return hits with
        {
            Items = kept.WrittenMemory,
            Count = page.Count,
            Next = next < found.Count ? new KeysetCursor(next.ToString(CultureInfo.InvariantCulture), page[^1].GetProperty("id").GetGuid()) : null,
        };
    }

    /// <summary>How many matches the pages before held.</summary>
    public static int SkippedBy(KeysetCursor? after) => after is null ? 0 : int.Parse(after.Value, CultureInfo.InvariantCulture);

    private static bool Passes(JsonElement item, TaskListFilter filter, Caller caller)
    {
        var project = item.GetProperty("projectId").GetGuid();
        return caller.Sees(project)
            && (filter.ProjectId is not { } wanted || wanted == project)
            && filter.Statuses?.Any(s => item.GetProperty("status").ValueEquals(WireNames.Of<Commands.Tasks.WorkStatus>().NameOf(s))) != false
            && filter.Priorities?.Any(p => item.GetProperty("priority").ValueEquals(WireNames.Of<Commands.Tasks.Priority>().NameOf(p))) != false
            && (filter.AssigneeId is not { } person || (item.GetProperty("assigneeId") is { ValueKind: JsonValueKind.String } assignee && assignee.GetGuid() == person))
            && (filter.Label is not { } label || item.GetProperty("labels").EnumerateArray().Any(l => l.ValueEquals(label)));
    }

    /// <summary>Text that is in the order of what it stands for.</summary>
    private static string KeyOf(JsonElement item, TaskListOrder order) => order switch
    {
        TaskListOrder.Created => TimeOf(item, "createdAt"),
        TaskListOrder.Updated => TimeOf(item, "updatedAt"),
        TaskListOrder.Due => item.GetProperty("dueOn").GetString()!,
        TaskListOrder.Priority => ((int)WireNames.Of<Commands.Tasks.Priority>().Find(item.GetProperty("priority").GetString())!).ToString(CultureInfo.InvariantCulture),
        TaskListOrder.Rank => item.GetProperty("rank").GetString()!,
        _ => item.GetProperty("number").GetInt64().ToString("D19", CultureInfo.InvariantCulture),
    };

    private static string TimeOf(JsonElement item, string name) => item.GetProperty(name).GetDateTimeOffset().UtcTicks.ToString("D19", CultureInfo.InvariantCulture);
}
