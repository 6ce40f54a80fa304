using System.Collections.Immutable;
using System.Diagnostics;

namespace Events.Commands.Tasks;

/// <summary>A task as its events leave it: what decisions about it read.</summary>
public sealed record TaskState
{
    public static TaskState Initial { get; } = new();

    public bool Exists { get; init; }

    public Guid ProjectId { get; init; }

    public long Number { get; init; }

    public string Key { get; init; } = "";

    public string Title { get; init; } = "";

    public string? Description { get; init; }

    public WorkStatus Status { get; init; }

    public Priority Priority { get; init; }

    public Guid? AssigneeId { get; init; }

    public ImmutableArray<string> Labels { get; init; } = [];

    public DateOnly? DueOn { get; init; }

    public decimal? Estimate { get; init; }

    public Guid? ParentId { get; init; }

    public string Rank { get; init; } = "";

    public bool IsArchived { get; init; }

    public bool IsDeleted { get; init; }

    public ImmutableArray<(LinkKind Kind, Guid Other)> Links { get; init; } = [];

    public ImmutableArray<ChecklistItem> Checklist { get; init; } = [];

    public ImmutableArray<Comment> Comments { get; init; } = [];

    public ImmutableArray<Guid> Watchers { get; init; } = [];

    public static TaskState Evolve(TaskState task, object happened) => happened switch
    {
        TaskCreated e => new TaskState
        {
            Exists = true,
            ProjectId = e.ProjectId,
            Number = e.Number,
            Key = e.Key,
            Title = e.Title,
            Description = e.Description,
            Status = e.Status,
            Priority = e.Priority,
            AssigneeId = e.AssigneeId,
            Labels = [.. e.Labels],
            DueOn = e.DueOn,
            Estimate = e.Estimate,
            ParentId = e.ParentId,
            Rank = e.Rank,
        },
        TaskRetitled e => task with { Title = e.To },
        TaskDescriptionChanged e => task with { Description = e.Description },
        TaskStatusChanged e => task with { Status = e.To },
        TaskPrioritised e => task with { Priority = e.To },
        TaskAssigned e => task with { AssigneeId = e.To },
        TaskLabelled e => task with { Labels = task.Labels.Add(e.Label) },
        TaskUnlabelled e => task with { Labels = task.Labels.Remove(e.Label) },
        TaskScheduled e => task with { DueOn = e.To },
        TaskEstimated e => task with { Estimate = e.To },
        TaskReparented e => task with { ParentId = e.To },
        TaskReranked e => task with { Rank = e.Rank },
        TaskLinked e => task with { Links = task.Links.Add((e.Kind, e.OtherTaskId)) },
        TaskUnlinked e => task with { Links = task.Links.Remove((e.Kind, e.OtherTaskId)) },
        ChecklistItemAdded e => task with { Checklist = task.Checklist.Add(new ChecklistItem(e.ItemId, e.Text, false)) },
        ChecklistItemChanged e => task with { Checklist = Replace(task.Checklist, i => i.Id == e.ItemId, i => i with { Text = e.Text, Done = e.Done }) },
        ChecklistItemRemoved e => task with { Checklist = task.Checklist.RemoveAll(i => i.Id == e.ItemId) },
        CommentAdded e => task with { Comments = task.Comments.Add(new Comment(e.CommentId, e.Body, e.Author)) },
        CommentEdited e => task with { Comments = Replace(task.Comments, c => c.Id == e.CommentId, c => c with { Body = e.Body }) },
        CommentDeleted e => task with { Comments = task.Comments.RemoveAll(c => c.Id == e.CommentId) },
        TaskWatched e => task with { Watchers = task.Watchers.Add(e.PersonId) },
        TaskUnwatched e => task with { Watchers = task.Watchers.Remove(e.PersonId) },
        TaskArchived => task with { IsArchived = true },
        TaskUnarchived => task with { IsArchived = false },
        TaskDeleted => task with { IsDeleted = true },
        TaskRestored => task with { IsDeleted = false },
        _ => throw new UnreachableException($"A task does not know the event {happened.GetType().Name}."),
    };

    /// <summary>Bytes in memory, roughly: what people write without end is counted.</summary>
    internal static long Weigh(TaskState task)
    {
        var chars = task.Title.Length + (long)(task.Description?.Length ?? 0);
        foreach (var item in task.Checklist)
            chars += item.Text.Length;
        foreach (var comment in task.Comments)
            chars += comment.Body.Length + comment.Author.Length;
        return 500 + (2 * chars) + (100L * (task.Checklist.Length + task.Comments.Length));
    }

    private static ImmutableArray<T> Replace<T>(ImmutableArray<T> items, Func<T, bool> which, Func<T, T> change) =>
        [.. items.Select(item => which(item) ? change(item) : item)];
}

public sealed record ChecklistItem(Guid Id, string Text, bool Done);

public sealed record Comment(Guid Id, string Body, string Author);
