namespace Events.Commands.Tasks;

// What happens to a task. One meaning each; the wire name is the snake case of the type's name (task_created). Who did it and
// when are in the event's metadata. People are named by id only.

/// <param name="Number">Within the project, from 1, increasing, never used twice; gaps are possible.</param>
/// <param name="Key">For people: project key and number, e.g. <c>WEB-12</c>.</param>
/// <param name="Description">Markdown.</param>
/// <param name="Estimate">Points.</param>
/// <param name="Rank">Order on a board, compared byte by byte (collation "C").</param>
public sealed record TaskCreated(
    Guid ProjectId,
    long Number,
    string Key,
    string Title,
    string? Description,
    WorkStatus Status,
    Priority Priority,
    Guid? AssigneeId,
    IReadOnlyList<string> Labels,
    DateOnly? DueOn,
    decimal? Estimate,
    Guid? ParentId,
    string Rank);

public sealed record TaskRetitled(string From, string To);

/// <param name="Description">The new Markdown; null: taken away.</param>
public sealed record TaskDescriptionChanged(string? Description);

public sealed record TaskStatusChanged(WorkStatus From, WorkStatus To);

public sealed record TaskPrioritised(Priority From, Priority To);

public sealed record TaskAssigned(Guid? From, Guid? To);

public sealed record TaskLabelled(string Label);

public sealed record TaskUnlabelled(string Label);

/// <summary>The due date changed.</summary>
public sealed record TaskScheduled(DateOnly? From, DateOnly? To);

public sealed record TaskEstimated(decimal? From, decimal? To);

public sealed record TaskReparented(Guid? From, Guid? To);

public sealed record TaskLinked(LinkKind Kind, Guid OtherTaskId);

public sealed record TaskUnlinked(LinkKind Kind, Guid OtherTaskId);

public sealed record ChecklistItemAdded(Guid ItemId, string Text);

/// <param name="Done">Both members hold the item as it is from now on.</param>
public sealed record ChecklistItemChanged(Guid ItemId, string Text, bool Done);

public sealed record ChecklistItemRemoved(Guid ItemId);

/// <param name="Body">Markdown.</param>
/// <param name="Author">The actor's id; for an imported comment its original author's.</param>
public sealed record CommentAdded(Guid CommentId, string Body, string Author);

public sealed record CommentEdited(Guid CommentId, string Body);

public sealed record CommentDeleted(Guid CommentId);

public sealed record TaskWatched(Guid PersonId);

public sealed record TaskUnwatched(Guid PersonId);

public sealed record TaskReranked(string Rank);

public sealed record TaskArchived;

public sealed record TaskUnarchived;

public sealed record TaskDeleted;

public sealed record TaskRestored;
