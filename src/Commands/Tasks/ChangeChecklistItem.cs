using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="Text">null: as it is.</param>
/// <param name="Done">null: as it is.</param>
public sealed record ChangeChecklistItem(Guid ItemId, string? Text, bool? Done) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors)
    {
        if (Text is not null)
            errors.Text("/text", Text, Limits.ChecklistText);
    }

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        if (task.Checklist.FirstOrDefault(i => i.Id == ItemId) is not { } item)
            return Decision.Refuse("checklist_item_not_found", "The checklist has no such item.");
        var changed = item with { Text = Text ?? item.Text, Done = Done ?? item.Done };
        return changed == item ? Decision.Nothing : Decision.Accept(new ChecklistItemChanged(ItemId, changed.Text, changed.Done));
    }
}
