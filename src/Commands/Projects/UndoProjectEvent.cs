using Events.Commands.Deciding;

namespace Events.Commands.Projects;

/// <summary>Takes one event of a project back by its inverse, as long as nobody changed the same thing since.</summary>
/// <param name="Happened">The event to take back.</param>
/// <param name="Before">The project just before it.</param>
public sealed record UndoProjectEvent(object Happened, ProjectState Before) : ProjectCommand
{
    internal override Decision Decide(ProjectState project) => Happened switch
    {
        ProjectArchived => new RestoreProject().Decide(project),
        ProjectRestored => new ArchiveProject().Decide(project),
        ProjectRenamed e => If(project.Name == e.To, new RenameProject(e.From), project),
        ProjectDescribed e => If(project.Description == e.Description, new DescribeProject(Before.Description), project),
        ProjectLeadChanged e => If(project.LeadId == e.To, new ChangeProjectLead(e.From), project),
        ProjectStatusChanged e => If(project.Status == e.To, new ChangeProjectStatus(e.From), project),
        ProjectRescheduled e => If(
            project.StartsOn == e.StartsOn && project.EndsOn == e.EndsOn,
            new RescheduleProject { ChangesStart = true, StartsOn = Before.StartsOn, ChangesEnd = true, EndsOn = Before.EndsOn },
            project),
        _ => Decision.Refuse("cannot_undo", "There is no way back from this change.", "/position"),
    };

    private static Decision If(bool untouched, ProjectCommand inverse, ProjectState project) => untouched
        ? inverse.Decide(project)
        : Decision.Refuse("changed_since", "The same thing was changed again since: undo that first.", "/position");
}
