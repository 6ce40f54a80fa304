using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="AssigneeId">A person; null: nobody.</param>
public sealed record AssignTask(Guid? AssigneeId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.AssigneeId == AssigneeId ? Decision.Nothing : Decision.Accept(new TaskAssigned(task.AssigneeId, AssigneeId)));
}
