using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record UnarchiveTask : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        task.IsDeleted || !task.Exists ? Decision.Refuse("task_deleted", "The task is deleted; restore it first.")
        : task.IsArchived ? Decision.Accept(new TaskUnarchived())
        : Decision.Nothing;
}
