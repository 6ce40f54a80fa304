using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record RemoveChecklistItem(Guid ItemId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Checklist.Any(i => i.Id == ItemId) ? Decision.Accept(new ChecklistItemRemoved(ItemId)) : Decision.Nothing);
}
