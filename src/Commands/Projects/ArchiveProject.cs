using Events.Commands.Deciding;

namespace Events.Commands.Projects;

public sealed record ArchiveProject : ProjectCommand
{
    internal override Decision Decide(ProjectState project) =>
        project.IsArchived ? Decision.Nothing : Decision.Accept(new ProjectArchived());
}
