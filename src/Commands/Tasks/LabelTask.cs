using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record LabelTask(string Label) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Text("/label", Label, Limits.Label);

    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Labels.Contains(Label) ? Decision.Nothing
            : task.Labels.Length >= Limits.LabelsOfTask ? Decision.Refuse("too_many_labels", $"A task has at most {Limits.LabelsOfTask} labels.", "/label")
            : Decision.Accept(new TaskLabelled(Label)));
}
