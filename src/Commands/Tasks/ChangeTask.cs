using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>
/// A merge patch: several wishes of one task that are granted or refused together. Each keeps its own decision and its own events.
/// </summary>
public sealed record ChangeTask(IReadOnlyList<TaskCommand> Changes) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors)
    {
        foreach (var change in Changes)
            change.Validate(ref errors);
    }

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        List<object>? events = null;
        foreach (var change in Changes)
        {
            switch (change.Decide(task, facts))
            {
                case Decision.Refused refused:
                    return refused;
                case Decision.Accepted accepted:
                    (events ??= []).AddRange(accepted.Events);
                    task = accepted.Events.Aggregate(task, TaskState.Evolve);
                    break;
            }
        }

        return events is null ? Decision.Nothing : Decision.Accept(events);
    }
}
