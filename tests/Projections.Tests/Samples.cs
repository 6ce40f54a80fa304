using Events.Commands.Projects;
using Events.Commands.Tasks;

namespace Events.Projections.Tests;

internal static class Samples
{
    public static TaskCreated Created(Guid projectId, long number, string title = "Write it down", Guid? assigneeId = null, WorkStatus status = WorkStatus.Todo, Priority priority = Priority.Medium, DateOnly? dueOn = null, params string[] labels) =>
        new(projectId, number, $"WEB-{number}", title, "Some *Markdown*", status, priority, assigneeId, labels, dueOn, 2.5m, null, $"a{number:00000}");

    public static ProjectCreated Project(string key, string name) => new(key, name, "What it is for", null, null, null);
}
