using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>
/// Takes a change back as it was made: whole or not at all. A merge patch of three members is three events and one change.
/// </summary>
/// <param name="Happened">The change's events in order.</param>
/// <param name="Before">The task just before the first of them.</param>
public sealed record UndoTaskChange(IReadOnlyList<object> Happened, TaskState Before) : TaskCommand
{
    /// <summary>The last event first, each with the task just before it.</summary>
    internal IReadOnlyList<UndoTaskEvent> Steps { get; } = StepsOf(Happened, Before);

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        var events = new List<object>();
        foreach (var step in Steps)
        {
            switch (step.Decide(task, facts))
            {
                case Decision.Refused refused:
                    return refused;
                case Decision.Accepted accepted:
                    events.AddRange(accepted.Events);
                    task = accepted.Events.Aggregate(task, TaskState.Evolve);
                    break;
            }
        }

        return events.Count == 0 ? Decision.Nothing : Decision.Accept(events);
    }

    private static List<UndoTaskEvent> StepsOf(IReadOnlyList<object> happened, TaskState before)
    {
        var steps = new List<UndoTaskEvent>(happened.Count);
        foreach (var one in happened)
        {
            steps.Add(new UndoTaskEvent(one, before));
            before = TaskState.Evolve(before, one);
        }

        steps.Reverse();
        return steps;
    }
}
