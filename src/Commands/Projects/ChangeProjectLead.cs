using Events.Commands.Deciding;

namespace Events.Commands.Projects;

public sealed record ChangeProjectLead(Guid? LeadId) : ProjectCommand
{
    internal override Decision Decide(ProjectState project) =>
        RefuseIfArchived(project)
        ?? (project.LeadId == LeadId ? Decision.Nothing : Decision.Accept(new ProjectLeadChanged(project.LeadId, LeadId)));
}
