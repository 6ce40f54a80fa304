using Events.Projections.Engine;

namespace Events.Projections.TaskDetail;

internal sealed class TaskDetailRow : StreamRow
{
    public TaskDocument Document { get; set; } = new();

    /// <summary>Written by this fold, oldest first.</summary>
    public List<HistoryLine> History { get; } = [];

    /// <summary>The links that the tables have of the task now.</summary>
    public TaskLinkLine[] StoredLinks { get; set; } = [];

    /// <summary>Comments that this fold changed; null: taken away.</summary>
    public Dictionary<Guid, CommentChange> Comments { get; } = [];
}

/// <param name="Item">JSON.</param>
internal sealed record HistoryLine(long Version, byte[] Item);

/// <param name="Body">Null: the comment is deleted.</param>
/// <param name="Added">What only the first event of a comment knows; null for one that the tables hold already.</param>
internal sealed record CommentChange(string? Body, DateTimeOffset? EditedAt, CommentBirth? Added);

internal sealed record CommentBirth(long Version, string? Author, DateTimeOffset At);
