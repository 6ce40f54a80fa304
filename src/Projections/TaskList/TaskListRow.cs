using Events.Commands.Tasks;
using Events.Projections.Engine;

namespace Events.Projections.TaskList;

/// <summary>A task as lists filter, order and show it.</summary>
internal sealed class TaskListRow : StreamRow
{
    public Guid ProjectId { get; set; }

    public Guid? AssigneeId { get; set; }

    public Guid? ParentId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public long Number { get; set; }

    public long Version { get; set; }

    public DateOnly? DueOn { get; set; }

    public WorkStatus Status { get; set; }

    public Priority Priority { get; set; }

    public bool Archived { get; set; }

    public bool Deleted { get; set; }

    public decimal? Estimate { get; set; }

    public PackedText HumanKey { get; private set; }

    public PackedText Rank { get; private set; }

    public PackedText Title { get; private set; }

    /// <summary>Without repeats, in the order of their bytes; never changed in place.</summary>
    public string[] Labels { get; set; } = [];

    /// <summary>The labels under which the tables have the task now.</summary>
    public string[] StoredLabels { get; set; } = [];

    public string[] VisibleLabels => Archived || Deleted ? [] : Labels;

    public void SetKey(string key) => HumanKey = Pack(key);

    public void SetRank(string rank) => Rank = Pack(rank);

    public void SetTitle(string title) => Title = Pack(title);
}
