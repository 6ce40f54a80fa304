using Events.Commands.Deciding;

namespace Events.Commands.Projects;

/// <param name="ProjectId">UUIDv7, made by the client or for it.</param>
/// <param name="Key">2 to 10 of A-Z and 0-9, a letter first; unique in the workspace.</param>
public sealed record CreateProject(Guid ProjectId, string Key, string Name) : ProjectCommand
{
    public string? Description { get; init; }

    public Guid? LeadId { get; init; }

    public DateOnly? StartsOn { get; init; }

    public DateOnly? EndsOn { get; init; }

    internal override void Validate(ref FieldErrors errors)
    {
        if (Key is not { Length: >= 2 and <= Limits.ProjectKey } || !char.IsAsciiLetterUpper(Key[0]) || !Key.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c)))
            errors.Add("/key", "malformed_key", $"A key has 2 to {Limits.ProjectKey} of the characters A-Z and 0-9 and starts with a letter.");
        errors.Text("/name", Name, Limits.ProjectName);
        errors.OptionalText("/description", Description, Limits.Description);
        RescheduleProject.Validate(StartsOn, EndsOn, ref errors);
    }

    internal override Decision Decide(ProjectState project) =>
        project.Exists
            ? Decision.Refuse("project_exists", "A project has this id.", "/id")
            : Decision.Accept(new ProjectCreated(Key, Name, Description, LeadId, StartsOn, EndsOn));
}
