using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Takes one event back by its inverse, as long as nobody changed the same thing since.</summary>
/// <param name="Happened">The event to take back.</param>
/// <param name="Before">The task just before it.</param>
public sealed record UndoTaskEvent(object Happened, TaskState Before) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) => Happened switch
    {
        TaskDeleted => new RestoreTask().Decide(task, facts),
        TaskRestored => new DeleteTask().Decide(task, facts),
        TaskArchived => new UnarchiveTask().Decide(task, facts),
        TaskUnarchived => new ArchiveTask().Decide(task, facts),
        TaskCreated => new DeleteTask().Decide(task, facts),
        TaskRetitled e => If(task.Title == e.To, new RetitleTask(e.From), task, facts),
        TaskDescriptionChanged e => If(task.Description == e.Description, new DescribeTask(Before.Description), task, facts),
        TaskStatusChanged e => If(task.Status == e.To, new ChangeTaskStatus(e.From), task, facts),
        TaskPrioritised e => If(task.Priority == e.To, new PrioritiseTask(e.From), task, facts),
        TaskAssigned e => If(task.AssigneeId == e.To, new AssignTask(e.From), task, facts),
        TaskScheduled e => If(task.DueOn == e.To, new ScheduleTask(e.From), task, facts),
        TaskEstimated e => If(task.Estimate == e.To, new EstimateTask(e.From), task, facts),
        TaskReparented e => If(task.ParentId == e.To, new ReparentTask(e.From), task, facts),
        TaskReranked e => If(task.Rank == e.Rank, new RankTask(Before.Rank), task, facts),
        TaskLabelled e => new UnlabelTask(e.Label).Decide(task, facts),
        TaskUnlabelled e => new LabelTask(e.Label).Decide(task, facts),
        TaskLinked e => new UnlinkTask(e.Kind, e.OtherTaskId).Decide(task, facts),
        TaskUnlinked e => new LinkTask(e.Kind, e.OtherTaskId).Decide(task, facts),
        TaskWatched e => new UnwatchTask(e.PersonId).Decide(task, facts),
        TaskUnwatched e => new WatchTask(e.PersonId).Decide(task, facts),
        ChecklistItemAdded e => If(ItemOf(task, e.ItemId) == ItemAfter(e.ItemId), new RemoveChecklistItem(e.ItemId), task, facts),
        ChecklistItemChanged e when ItemOf(Before, e.ItemId) is { } item =>
            If(ItemOf(task, e.ItemId) == ItemAfter(e.ItemId), new ChangeChecklistItem(e.ItemId, item.Text, item.Done), task, facts),
        ChecklistItemRemoved e when ItemOf(Before, e.ItemId) is { } item => PutBack(item, task, facts),
        CommentAdded e => If(CommentOf(task, e.CommentId)?.Body == e.Body, new DeleteComment(e.CommentId), task, facts),
        CommentEdited e when CommentOf(Before, e.CommentId) is { } comment =>
            If(CommentOf(task, e.CommentId)?.Body == e.Body, new EditComment(e.CommentId, comment.Body), task, facts),
        CommentDeleted e when CommentOf(Before, e.CommentId) is { } comment => PutBack(comment, task),
        _ => Decision.Refuse("cannot_undo", "There is no way back from this change.", "/position"),
    };

    /// <summary>The command whose facts must be gathered before <see cref="Decide"/>.</summary>
    internal TaskCommand? Inverse => Happened switch
    {
        TaskReparented e => new ReparentTask(e.From),
        TaskAssigned e => new AssignTask(e.From),
        TaskUnwatched e => new WatchTask(e.PersonId),
        TaskUnlinked e => new LinkTask(e.Kind, e.OtherTaskId),
        _ => null,
    };

    private static Decision If(bool untouched, TaskCommand inverse, TaskState task, TaskFacts facts) => untouched
        ? inverse.Decide(task, facts)
        : Decision.Refuse("changed_since", "The same thing was changed again since: undo that first.", "/position");

    private static Decision PutBack(ChecklistItem item, TaskState task, TaskFacts facts) =>
        ItemOf(task, item.Id) is not null ? RefuseUnlessOpen(task) ?? Decision.Nothing
        : new AddChecklistItem(item.Id, item.Text).Decide(task, facts) is Decision.Accepted added && item.Done
            ? Decision.Accept([.. added.Events, new ChecklistItemChanged(item.Id, item.Text, true)])
            : new AddChecklistItem(item.Id, item.Text).Decide(task, facts);

    private static Decision PutBack(Comment comment, TaskState task) =>
        RefuseUnlessOpen(task)
        ?? (CommentOf(task, comment.Id) is null
            ? Decision.Accept(new CommentAdded(comment.Id, comment.Body, comment.Author))
            : Decision.Nothing);

    private ChecklistItem? ItemAfter(Guid id) => ItemOf(TaskState.Evolve(Before, Happened), id);

    private static ChecklistItem? ItemOf(TaskState task, Guid id) => task.Checklist.FirstOrDefault(i => i.Id == id);

    private static Comment? CommentOf(TaskState task, Guid id) => task.Comments.FirstOrDefault(c => c.Id == id);
}
