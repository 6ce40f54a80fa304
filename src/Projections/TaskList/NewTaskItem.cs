using System.Text.Json;
using Events.Commands.Tasks;
using Events.Projections.Engine;

namespace Events.Projections.TaskList;

/// <summary>The list row of a task that was created this moment, as the list will show it: the same fold, the same writer.</summary>
public static class NewTaskItem
{
    public static void Write(Utf8JsonWriter json, Guid id, TaskCreated task, DateTimeOffset at)
    {
        var row = new TaskListRow { Key = new StreamKey(default, id), Version = 1, UpdatedAt = at };
        TaskListFold.Begin(row, task, at);
        TaskListItem.Write(row, json);
    }
}
