using Events.Commands.Deciding;

namespace Events.Commands.Projects;

/// <summary>A merge patch: several wishes of one project that are granted or refused together.</summary>
public sealed record ChangeProject(IReadOnlyList<ProjectCommand> Changes) : ProjectCommand
{
    internal override void Validate(ref FieldErrors errors)
    {
        foreach (var change in Changes)
            change.Validate(ref errors);
    }

    internal override Decision Decide(ProjectState project)
    {
        if (RefuseIfArchived(project) is { } refusal)
            return refusal;
        List<object>? events = null;
        foreach (var change in Changes)
        {
            switch (change.Decide(project))
            {
                case Decision.Refused refused:
                    return refused;
                case Decision.Accepted accepted:
                    (events ??= []).AddRange(accepted.Events);
                    project = accepted.Events.Aggregate(project, ProjectState.Evolve);
                    break;
            }
        }

        return events is null ? Decision.Nothing : Decision.Accept(events);
    }
}
