using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Something that somebody wants of one task. Each use case is a file: the command, what makes it invalid, and its decision.</summary>
public abstract record TaskCommand
{
    /// <summary>What is wrong with the command itself, whatever the task.</summary>
    internal virtual void Validate(ref FieldErrors errors)
    {
    }

    internal abstract Decision Decide(TaskState task, TaskFacts facts);

    /// <summary>A change to a task that is gone or put away is refused; null: go on.</summary>
    private protected static Decision? RefuseUnlessOpen(TaskState task) => task switch
    {
        { Exists: false } or { IsDeleted: true } => Decision.Refuse("task_deleted", "The task is deleted; restore it first."),
        { IsArchived: true } => Decision.Refuse("task_archived", "The task is archived; unarchive it first."),
        _ => null,
    };
}

/// <summary>What a decision needs beside the task itself, gathered before.</summary>
/// <param name="Actor">Who asks.</param>
/// <param name="MayModerate">Whether the actor may change what others wrote.</param>
/// <param name="Parent">The task named as parent with its own ancestors, nearest first; null when none is named or it does not exist.</param>
/// <param name="OtherExists">Whether the task that a link names exists.</param>
public sealed record TaskFacts(
    string Actor,
    bool MayModerate = false,
    IReadOnlyList<Ancestor>? Parent = null,
    bool OtherExists = true)
{
    public Guid TaskId { get; init; }

    /// <summary>Of the people whom the command names, those who are nobody in the workspace.</summary>
    public IReadOnlyCollection<Guid> Strangers { get; init; } = [];

    /// <summary>Of the people whom the command names, those from whom the task's project is hidden.</summary>
    public IReadOnlyCollection<Guid> Outsiders { get; init; } = [];

    /// <summary>The task that a link names, and those that it leads to by links of the same kind, as far as was looked; empty where rings may be.</summary>
    public IReadOnlyList<(Guid Id, long Version)> LinkedOn { get; init; } = [];

    /// <summary>What comes before the place that the task is put to; null: nothing, or no such task.</summary>
    public RankNeighbour? Behind { get; init; }

    /// <summary>What comes after it; null: nothing, or no such task.</summary>
    public RankNeighbour? Ahead { get; init; }
}

/// <summary>A task above another.</summary>
public sealed record Ancestor(Guid Id, TaskState Task, long Version);
