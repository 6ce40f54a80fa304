using Events.Commands.Tasks;

namespace Events.Projections.TaskList;

/// <summary>Which tasks; what is null does not restrict. Archived and deleted tasks are never listed.</summary>
public sealed record TaskListFilter
{
    public static TaskListFilter All { get; } = new();

    public Guid? ProjectId { get; init; }

    /// <summary>Any of these.</summary>
    public IReadOnlyList<WorkStatus>? Statuses { get; init; }

    /// <summary>Any of these.</summary>
    public IReadOnlyList<Priority>? Priorities { get; init; }

    public Guid? AssigneeId { get; init; }

    public string? Label { get; init; }

    /// <summary>Projects that the caller must not learn of; mostly empty, and then it costs nothing.</summary>
    public IReadOnlyList<Guid> HiddenProjects { get; init; } = [];
}

public enum TaskListOrder
{
    Created,
    Updated,
    Due,
    Priority,
    Rank,
    Number,
}

/// <param name="Descending">Largest, latest, most urgent first.</param>
public readonly record struct TaskListSort(TaskListOrder Order, bool Descending)
{
    public static TaskListSort NewestFirst { get; } = new(TaskListOrder.Created, Descending: true);
}
