using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="AssigneeId">A person of the workspace; null: nobody.</param>
public sealed record AssignTask(Guid? AssigneeId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.AssigneeId == AssigneeId ? Decision.Nothing
            : RefuseStranger(AssigneeId, facts) ?? Decision.Accept(new TaskAssigned(task.AssigneeId, AssigneeId)));

    /// <summary>null when the person may be assigned.</summary>
    internal static Decision? RefuseStranger(Guid? assignee, TaskFacts facts) =>
        assignee is not { } person ? null
            : facts.Strangers.Contains(person) ? Decision.Refuse("assignee_not_found", "Nobody in this workspace has this id.", "/assigneeId")
            : facts.Outsiders.Contains(person) ? Decision.Refuse("assignee_sees_not", "The project is hidden from this person: let them see it first.", "/assigneeId")
            : null;
}
