using Events.Commands.Deciding;

namespace Events.Commands.Projects;

public sealed record ChangeProjectStatus(ProjectStatus Status) : ProjectCommand
{
    internal override Decision Decide(ProjectState project) =>
        RefuseIfArchived(project)
        ?? (project.Status == Status ? Decision.Nothing : Decision.Accept(new ProjectStatusChanged(project.Status, Status)));
}
