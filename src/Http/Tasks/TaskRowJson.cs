using System.Text.Json;
using Events.Commands.Tasks;
using Events.Http.Answers;
using Events.Http.Bodies;

namespace Events.Http.Tasks;

/// <summary>The list row of a task that was created this moment, as the task list will show it.</summary>
public static class TaskRowJson
{
    public static byte[] OfNew(Guid id, TaskCreated task, DateTimeOffset at) => JsonBytes.Render((id, task, at), static (json, x) =>
    {
        var task = x.task;
        json.WriteStartObject();
        json.WriteString("id"u8, x.id);
        json.WriteString("projectId"u8, task.ProjectId);
        json.WriteString("key"u8, task.Key);
        json.WriteNumber("number"u8, task.Number);
        json.WriteString("title"u8, task.Title);
        json.WriteString("status"u8, WireNames.Of<WorkStatus>().NameOf(task.Status));
        json.WriteString("priority"u8, WireNames.Of<Priority>().NameOf(task.Priority));
        WriteId(json, "assigneeId"u8, task.AssigneeId);
        json.WriteStartArray("labels"u8);
        foreach (var label in task.Labels.Order(StringComparer.Ordinal))
            json.WriteStringValue(label);
        json.WriteEndArray();
        json.WriteString("dueOn"u8, task.DueOn?.ToString("yyyy-MM-dd"));
        if (task.Estimate is { } estimate)
            json.WriteNumber("estimate"u8, estimate);
        else
            json.WriteNull("estimate"u8);
        WriteId(json, "parentId"u8, task.ParentId);
        json.WriteString("rank"u8, task.Rank);
        json.WriteBoolean("archived"u8, false);
        json.WriteString("createdAt"u8, x.at.UtcDateTime);
        json.WriteString("updatedAt"u8, x.at.UtcDateTime);
        json.WriteNumber("version"u8, 1);
        json.WriteEndObject();
    });

    private static void WriteId(Utf8JsonWriter json, ReadOnlySpan<byte> name, Guid? id)
    {
        if (id is { } some)
            json.WriteString(name, some);
        else
            json.WriteNull(name);
    }
}
