using System.Diagnostics;

namespace Events.Commands.Projects;

/// <summary>A project as its events leave it: what decisions about it, and about its tasks, read.</summary>
public sealed record ProjectState
{
    public static ProjectState Initial { get; } = new();

    public bool Exists { get; init; }

    public string Key { get; init; } = "";

    public string Name { get; init; } = "";

    public string? Description { get; init; }

    public Guid? LeadId { get; init; }

    public DateOnly? StartsOn { get; init; }

    public DateOnly? EndsOn { get; init; }

    public ProjectStatus Status { get; init; } = ProjectStatus.Active;

    public bool IsArchived { get; init; }

    public static ProjectState Evolve(ProjectState project, object happened) => happened switch
    {
        ProjectCreated e => new ProjectState
        {
            Exists = true,
            Key = e.Key,
            Name = e.Name,
            Description = e.Description,
            LeadId = e.LeadId,
            StartsOn = e.StartsOn,
            EndsOn = e.EndsOn,
        },
        ProjectRenamed e => project with { Name = e.To },
        ProjectDescribed e => project with { Description = e.Description },
        ProjectLeadChanged e => project with { LeadId = e.To },
        ProjectRescheduled e => project with { StartsOn = e.StartsOn, EndsOn = e.EndsOn },
        ProjectStatusChanged e => project with { Status = e.To },
        ProjectArchived => project with { IsArchived = true },
        ProjectRestored => project with { IsArchived = false },
        _ => throw new UnreachableException($"A project does not know the event {happened.GetType().Name}."),
    };
}
