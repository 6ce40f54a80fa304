using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Exactly these labels from now on: one event for each that comes or goes.</summary>
public sealed record RelabelTask(IReadOnlyList<string> Labels) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => Validate(Labels, ref errors);

    internal static void Validate(IReadOnlyList<string> labels, ref FieldErrors errors)
    {
        if (labels.Count > Limits.LabelsOfTask)
        {
            errors.Add("/labels", "too_many", $"There are {labels.Count} labels; the limit is {Limits.LabelsOfTask}.");
            return;
        }

        for (var i = 0; i < labels.Count; i++)
        {
            errors.Text($"/labels/{i}", labels[i], Limits.Label);
            for (var j = 0; j < i; j++)
            {
                if (labels[j] == labels[i])
                    errors.Add($"/labels/{i}", "duplicate", "The label is there twice.");
            }
        }
    }

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        List<object> events =
        [
            .. task.Labels.Except(Labels, StringComparer.Ordinal).Select(gone => new TaskUnlabelled(gone)),
            .. Labels.Except(task.Labels, StringComparer.Ordinal).Select(added => new TaskLabelled(added)),
        ];
        return events.Count == 0 ? Decision.Nothing : Decision.Accept(events);
    }
}
