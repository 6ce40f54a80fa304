using System.Buffers;
using System.Text.Json;
using Events.Commands.Tasks;

namespace Events.Projections.TaskList;

/// <summary>The JSON of one line of a task list; written once when the task changes, copied out ever after.</summary>
internal static class TaskListItem
{
    private static readonly JsonEncodedText[] Statuses = [.. new[] { "backlog", "todo", "in_progress", "in_review", "done", "cancelled" }.Select(s => JsonEncodedText.Encode(s))];
    private static readonly JsonEncodedText[] Priorities = [.. new[] { "none", "low", "medium", "high", "urgent" }.Select(s => JsonEncodedText.Encode(s))];

    public static JsonEncodedText Name(WorkStatus status) => Statuses[(int)status];

    public static JsonEncodedText Name(Priority priority) => Priorities[(int)priority];

    public static void Write(TaskListRow row, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, row.Key.StreamId);
        json.WriteString("projectId"u8, row.ProjectId);
        row.HumanKey.WriteTo(json, "key"u8);
        json.WriteNumber("number"u8, row.Number);
        row.Title.WriteTo(json, "title"u8);
        json.WriteString("status"u8, Name(row.Status));
        json.WriteString("priority"u8, Name(row.Priority));
        WriteId(json, "assigneeId"u8, row.AssigneeId);
        json.WriteStartArray("labels"u8);
        foreach (var label in row.Labels)
            json.WriteStringValue(label);
        json.WriteEndArray();
        WriteDate(json, "dueOn"u8, row.DueOn);
        if (row.Estimate is { } estimate)
            json.WriteNumber("estimate"u8, estimate);
        else
            json.WriteNull("estimate"u8);
        WriteId(json, "parentId"u8, row.ParentId);
        row.Rank.WriteTo(json, "rank"u8);
        json.WriteBoolean("archived"u8, row.Archived);
        json.WriteString("createdAt"u8, row.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt"u8, row.UpdatedAt.UtcDateTime);
        json.WriteNumber("version"u8, row.Version);
        json.WriteEndObject();
    }

    public static void WriteId(Utf8JsonWriter json, ReadOnlySpan<byte> name, Guid? id)
    {
        if (id is { } some)
            json.WriteString(name, some);
        else
            json.WriteNull(name);
    }

    public static void WriteDate(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateOnly? date)
    {
        Span<byte> text = stackalloc byte[10];
        if (date is { } some && some.TryFormat(text, out _, "yyyy-MM-dd"))
            json.WriteString(name, text);
        else
            json.WriteNull(name);
    }
}
