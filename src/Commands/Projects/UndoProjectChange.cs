using Events.Commands.Deciding;

namespace Events.Commands.Projects;

/// <summary>Takes a change of a project back as it was made: whole or not at all.</summary>
/// <param name="Happened">The change's events in order.</param>
/// <param name="Before">The project just before the first of them.</param>
public sealed record UndoProjectChange(IReadOnlyList<object> Happened, ProjectState Before) : ProjectCommand
{
    internal override Decision Decide(ProjectState project)
    {
        var befores = new List<ProjectState> { Before };
        foreach (var one in Happened)
            befores.Add(ProjectState.Evolve(befores[^1], one));
        var events = new List<object>();
        for (var i = Happened.Count - 1; i >= 0; i--)
        {
            switch (new UndoProjectEvent(Happened[i], befores[i]).Decide(project))
            {
                case Decision.Refused refused:
                    return refused;
                case Decision.Accepted accepted:
                    events.AddRange(accepted.Events);
                    project = accepted.Events.Aggregate(project, ProjectState.Evolve);
                    break;
            }
        }

        return events.Count == 0 ? Decision.Nothing : Decision.Accept(events);
    }
}
