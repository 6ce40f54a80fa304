using Events.Commands.Deciding;
using Events.Commands.Projects;

namespace Events.Commands.Tasks;

/// <param name="TaskId">UUIDv7, made by the client or for it.</param>
public sealed record CreateTask(Guid TaskId, Guid ProjectId, string Title)
{
    public string? Description { get; init; }

    public WorkStatus Status { get; init; } = WorkStatus.Todo;

    public Priority Priority { get; init; }

    public Guid? AssigneeId { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    public DateOnly? DueOn { get; init; }

    public decimal? Estimate { get; init; }

    public Guid? ParentId { get; init; }

    internal void Validate(ref FieldErrors errors)
    {
        errors.Text("/title", Title, Limits.Title);
        errors.OptionalText("/description", Description, Limits.Description);
        RelabelTask.Validate(Labels, ref errors);
        errors.Date("/dueOn", DueOn);
        errors.Range("/estimate", Estimate, 0, Limits.Estimate);
    }

    /// <summary>Whether it may be, before a number is spent on it; null: yes.</summary>
    internal Decision? Refuse(ProjectState project, TaskFacts facts)
    {
        if (!project.Exists)
            return Decision.Refuse("project_not_found", "There is no such project.", "/projectId");
        if (project.IsArchived)
            return Decision.Refuse("project_archived", "The project is archived; restore it first.", "/projectId");
        return AssignTask.RefuseStranger(AssigneeId, facts) ?? ReparentTask.RefuseParent(TaskId, ProjectId, ParentId, facts);
    }

    internal Decision Decide(ProjectState project, TaskFacts facts, long number) =>
        Refuse(project, facts) ?? Decision.Accept(new TaskCreated(
            ProjectId,
            number,
            $"{project.Key}-{number}",
            Title,
            Description,
            Status,
            Priority,
            AssigneeId,
            Labels,
            DueOn,
            Estimate,
            ParentId,
            Rank.OfNumber(number)));
}
