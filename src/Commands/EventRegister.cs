using Events.EventStore;

namespace Events.Commands;

/// <summary>Every event of tasks and projects under its wire name. A name is never given to another shape.</summary>
public static class EventRegister
{
    private static EventJson Json => EventJson.Default;

    public static void AddTo(EventTypes types) => types
        .Add("task_created", Json.TaskCreated)
        .Add("task_retitled", Json.TaskRetitled)
        .Add("task_description_changed", Json.TaskDescriptionChanged)
        .Add("task_status_changed", Json.TaskStatusChanged)
        .Add("task_prioritised", Json.TaskPrioritised)
        .Add("task_assigned", Json.TaskAssigned)
        .Add("task_labelled", Json.TaskLabelled)
        .Add("task_unlabelled", Json.TaskUnlabelled)
        .Add("task_scheduled", Json.TaskScheduled)
        .Add("task_estimated", Json.TaskEstimated)
        .Add("task_reparented", Json.TaskReparented)
        .Add("task_linked", Json.TaskLinked)
        .Add("task_unlinked", Json.TaskUnlinked)
        .Add("checklist_item_added", Json.ChecklistItemAdded)
        .Add("checklist_item_changed", Json.ChecklistItemChanged)
        .Add("checklist_item_removed", Json.ChecklistItemRemoved)
        .Add("comment_added", Json.CommentAdded)
        .Add("comment_edited", Json.CommentEdited)
        .Add("comment_deleted", Json.CommentDeleted)
        .Add("task_watched", Json.TaskWatched)
        .Add("task_unwatched", Json.TaskUnwatched)
        .Add("task_reranked", Json.TaskReranked)
        .Add("task_archived", Json.TaskArchived)
        .Add("task_unarchived", Json.TaskUnarchived)
        .Add("task_deleted", Json.TaskDeleted)
        .Add("task_restored", Json.TaskRestored)
        .Add("project_created", Json.ProjectCreated)
        .Add("project_renamed", Json.ProjectRenamed)
        .Add("project_described", Json.ProjectDescribed)
        .Add("project_lead_changed", Json.ProjectLeadChanged)
        .Add("project_rescheduled", Json.ProjectRescheduled)
        .Add("project_status_changed", Json.ProjectStatusChanged)
        .Add("project_archived", Json.ProjectArchived)
        .Add("project_restored", Json.ProjectRestored)
        .Add("project_key_reserved", Json.ProjectKeyReserved);
}
