using System.Collections.Frozen;

namespace Events.Http.Tasks;

/// <summary>The wire names of what happens to tasks.</summary>
public static class TaskEventNames
{
    public static FrozenSet<string> All { get; } = new[]
    {
        "task_created", "task_retitled", "task_description_changed", "task_status_changed", "task_prioritised", "task_assigned", "task_labelled",
        "task_unlabelled", "task_scheduled", "task_estimated", "task_reparented", "task_linked", "task_unlinked", "checklist_item_added",
        "checklist_item_changed", "checklist_item_removed", "comment_added", "comment_edited", "comment_deleted", "task_watched", "task_unwatched",
        "task_reranked", "task_archived", "task_unarchived", "task_deleted", "task_restored",
    }.ToFrozenSet(StringComparer.Ordinal);
}
