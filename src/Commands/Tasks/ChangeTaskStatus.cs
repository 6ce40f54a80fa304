using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record ChangeTaskStatus(WorkStatus Status) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Status == Status ? Decision.Nothing : Decision.Accept(new TaskStatusChanged(task.Status, Status)));
}
