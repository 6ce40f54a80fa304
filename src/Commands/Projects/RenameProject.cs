using Events.Commands.Deciding;

namespace Events.Commands.Projects;

public sealed record RenameProject(string Name) : ProjectCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Text("/name", Name, Limits.ProjectName);

    internal override Decision Decide(ProjectState project) =>
        RefuseIfArchived(project)
        ?? (project.Name == Name ? Decision.Nothing : Decision.Accept(new ProjectRenamed(project.Name, Name)));
}
