using Events.Commands.Deciding;

namespace Events.Commands.Projects;

public sealed record DescribeProject(string? Description) : ProjectCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.OptionalText("/description", Description, Limits.Description);

    internal override Decision Decide(ProjectState project) =>
        RefuseIfArchived(project)
        ?? (project.Description == Description ? Decision.Nothing : Decision.Accept(new ProjectDescribed(Description)));
}
