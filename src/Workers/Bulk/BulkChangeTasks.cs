using System.Text.Json.Serialization;
using Events.Commands.Tasks;
using Events.Projections.TaskList;

namespace Events.Workers.Bulk;

/// <summary>Everything that a filter finds is changed alike: the message behind <c>POST /tasks/bulk</c>.</summary>
/// <param name="Actor">In whose name.</param>
/// <param name="DryRun">Only count.</param>
public sealed record BulkChangeTasks(string Actor, BulkFilter Filter, BulkChange Change, bool DryRun);

/// <inheritdoc cref="TaskListFilter"/>
public sealed record BulkFilter(
    Guid? ProjectId, IReadOnlyList<WorkStatus>? Statuses, IReadOnlyList<Priority>? Priorities, Guid? AssigneeId, string? Label, IReadOnlyList<Guid> HiddenProjects)
{
    public TaskListFilter ToFilter() => new()
    {
        ProjectId = ProjectId,
        Statuses = Statuses,
        Priorities = Priorities,
        AssigneeId = AssigneeId,
        Label = Label,
        HiddenProjects = HiddenProjects,
    };
}

/// <summary>What changes; null leaves as it is.</summary>
public sealed record BulkChange
{
    public WorkStatus? Status { get; init; }

    public Priority? Priority { get; init; }

    /// <summary>Whether <see cref="AssigneeId"/> is meant, also when it is null.</summary>
    public bool Assigns { get; init; }

    public Guid? AssigneeId { get; init; }

    /// <summary>Whether <see cref="DueOn"/> is meant, also when it is null.</summary>
    public bool Schedules { get; init; }

    public DateOnly? DueOn { get; init; }

    public IReadOnlyList<string> AddLabels { get; init; } = [];

    public IReadOnlyList<string> RemoveLabels { get; init; } = [];

    public bool Archive { get; init; }

    public bool Delete { get; init; }

    public IReadOnlyList<TaskCommand> ToCommands()
    {
        var commands = new List<TaskCommand>();
        if (Status is { } status)
            commands.Add(new ChangeTaskStatus(status));
        if (Priority is { } priority)
            commands.Add(new PrioritiseTask(priority));
        if (Assigns)
            commands.Add(new AssignTask(AssigneeId));
        if (Schedules)
            commands.Add(new ScheduleTask(DueOn));
        commands.AddRange(AddLabels.Select(label => new LabelTask(label)));
        commands.AddRange(RemoveLabels.Select(label => new UnlabelTask(label)));
        if (Archive)
            commands.Add(new ArchiveTask());
        if (Delete)
            commands.Add(new DeleteTask());
        return commands;
    }
}

/// <param name="Matched">Tasks that the filter found.</param>
/// <param name="Changed">Of these, tasks that were changed; in a dry run, that would be.</param>
/// <param name="Refused">Tasks whose change was impossible, with the reasons by code.</param>
public sealed record BulkResult(long Matched, long Changed, long Refused, IReadOnlyDictionary<string, long> Reasons, bool DryRun);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BulkChangeTasks))]
public sealed partial class BulkJson : JsonSerializerContext;
