using System.Buffers;
using System.Text;
using System.Text.Json;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Projections.Engine;
using Events.Projections.TaskList;

namespace Events.Http.Lists;

/// <summary>Leaves the rendered task rows that pass a filter: for searches, whose few best matches are filtered here rather than by an index.</summary>
public static class ItemFilter
{
    /// <param name="limit">Rows that are kept at most.</param>
    public static QueryPage Apply(QueryPage page, TaskListFilter filter, Caller caller, int limit)
    {
        if (page.Items.IsEmpty)
            return page;
        using var items = JsonDocument.Parse(Encoding.UTF8.GetBytes($"[{Encoding.UTF8.GetString(page.Items.Span)}]"));
        var kept = new ArrayBufferWriter<byte>(page.Items.Length);
        var count = 0;
        foreach (var item in items.RootElement.EnumerateArray().Where(i => Passes(i, filter, caller)).Take(limit))
        {
            if (count++ > 0)
                kept.Write(","u8);
            kept.Write(Encoding.UTF8.GetBytes(item.GetRawText()));
        }

        return page with { Items = kept.WrittenMemory, Count = count };
    }

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
}
