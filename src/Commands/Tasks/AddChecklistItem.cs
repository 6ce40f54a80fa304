using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record AddChecklistItem(Guid ItemId, string Text) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Text("/text", Text, Limits.ChecklistText);

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        // Also when it says the same: it may be ticked off by now, which is not what was asked for.
        if (task.Checklist.Any(i => i.Id == ItemId))
            return Decision.Refuse("checklist_item_exists", "An item of the list has this id.", "/id");
        return task.Checklist.Length >= Limits.ChecklistItems
            ? Decision.Refuse("checklist_full", $"A checklist has at most {Limits.ChecklistItems} items.")
            : Decision.Accept(new ChecklistItemAdded(ItemId, Text));
    }
}
