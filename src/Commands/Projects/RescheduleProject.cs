using Events.Commands.Deciding;

namespace Events.Commands.Projects;

/// <summary>New dates; a member that is not given stays as it is.</summary>
public sealed record RescheduleProject : ProjectCommand
{
    /// <summary>Whether <see cref="StartsOn"/> is meant, also when it is null.</summary>
    public bool ChangesStart { get; init; }

    public DateOnly? StartsOn { get; init; }

    public bool ChangesEnd { get; init; }

    public DateOnly? EndsOn { get; init; }

    internal override void Validate(ref FieldErrors errors) =>
        Validate(ChangesStart ? StartsOn : null, ChangesEnd ? EndsOn : null, ref errors);

    internal static void Validate(DateOnly? startsOn, DateOnly? endsOn, ref FieldErrors errors)
    {
        errors.Date("/startsOn", startsOn);
        errors.Date("/endsOn", endsOn);
        if (endsOn < startsOn)
            errors.Add("/endsOn", "ends_before_start", "A project cannot end before it starts.");
    }

    internal override Decision Decide(ProjectState project)
    {
        if (RefuseIfArchived(project) is { } refusal)
            return refusal;
        var (startsOn, endsOn) = (ChangesStart ? StartsOn : project.StartsOn, ChangesEnd ? EndsOn : project.EndsOn);
        if (startsOn == project.StartsOn && endsOn == project.EndsOn)
            return Decision.Nothing;
        return endsOn < startsOn
            ? Decision.Refuse("ends_before_start", "A project cannot end before it starts.", ChangesEnd ? "/endsOn" : "/startsOn")
            : Decision.Accept(new ProjectRescheduled(startsOn, endsOn));
    }
}
