using System.Text.Json.Serialization.Metadata;

namespace Events.Commands;

/// <summary>Every event of tasks and projects under its wire name. A name is never given to another shape.</summary>
public static class EventRegister
{
    private static EventJson Json => EventJson.Default;

    public static IReadOnlyList<(string Alias, JsonTypeInfo Type)> All { get; } =
    [
        ("task_created", Json.TaskCreated),
        ("task_retitled", Json.TaskRetitled),
        ("task_description_changed", Json.TaskDescriptionChanged),
        ("task_status_changed", Json.TaskStatusChanged),
        ("task_prioritised", Json.TaskPrioritised),
        ("task_assigned", Json.TaskAssigned),
        ("task_labelled", Json.TaskLabelled),
        ("task_unlabelled", Json.TaskUnlabelled),
        ("task_scheduled", Json.TaskScheduled),
        ("task_estimated", Json.TaskEstimated),
        ("task_reparented", Json.TaskReparented),
        ("task_linked", Json.TaskLinked),
        ("task_unlinked", Json.TaskUnlinked),
        ("checklist_item_added", Json.ChecklistItemAdded),
        ("checklist_item_changed", Json.ChecklistItemChanged),
        ("checklist_item_removed", Json.ChecklistItemRemoved),
        ("comment_added", Json.CommentAdded),
        ("comment_edited", Json.CommentEdited),
        ("comment_deleted", Json.CommentDeleted),
        ("task_watched", Json.TaskWatched),
        ("task_unwatched", Json.TaskUnwatched),
        ("task_reranked", Json.TaskReranked),
        ("task_archived", Json.TaskArchived),
        ("task_unarchived", Json.TaskUnarchived),
        ("task_deleted", Json.TaskDeleted),
        ("task_restored", Json.TaskRestored),
        ("project_created", Json.ProjectCreated),
        ("project_renamed", Json.ProjectRenamed),
        ("project_described", Json.ProjectDescribed),
        ("project_lead_changed", Json.ProjectLeadChanged),
        ("project_rescheduled", Json.ProjectRescheduled),
        ("project_status_changed", Json.ProjectStatusChanged),
        ("project_archived", Json.ProjectArchived),
        ("project_restored", Json.ProjectRestored),
        ("project_key_reserved", Json.ProjectKeyReserved),
    ];
}
