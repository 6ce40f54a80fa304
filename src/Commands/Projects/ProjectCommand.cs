using Events.Commands.Deciding;

namespace Events.Commands.Projects;

/// <summary>Something that somebody wants of one project; a file each.</summary>
public abstract record ProjectCommand
{
    internal virtual void Validate(ref FieldErrors errors)
    {
    }

    internal abstract Decision Decide(ProjectState project);

    private protected static Decision? RefuseIfArchived(ProjectState project) =>
        project.IsArchived ? Decision.Refuse("project_archived", "The project is archived; restore it first.") : null;
}
