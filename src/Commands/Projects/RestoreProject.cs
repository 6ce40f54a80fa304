using Events.Commands.Deciding;

namespace Events.Commands.Projects;

public sealed record RestoreProject : ProjectCommand
{
    internal override Decision Decide(ProjectState project) =>
        project.IsArchived ? Decision.Accept(new ProjectRestored()) : Decision.Nothing;
}
