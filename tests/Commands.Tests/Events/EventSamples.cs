using Events.Commands.Projects;
using Events.Commands.Tasks;

namespace Events.Commands.Tests.Events;

/// <summary>One of every event, with its JSON as it is on disk: a change of either is a new version of the event, not an edit here.</summary>
internal static class EventSamples
{
    private static readonly Guid Id = Guid.Parse("01938f5e-0000-7000-8000-000000000001");

    public static IReadOnlyList<(string Alias, object Event, string Json)> OfTasks { get; } =
    [
        (
            "task_created",
            new TaskCreated(Id, 12, "WEB-12", "Title", "Text", WorkStatus.InProgress, Priority.High, Id, ["docs"], new DateOnly(2026, 12, 1), 2.5m, Id, "0000000ci"),
            """{"projectId":"01938f5e-0000-7000-8000-000000000001","number":12,"key":"WEB-12","title":"Title","description":"Text","status":"in_progress","priority":"high","assigneeId":"01938f5e-0000-7000-8000-000000000001","labels":["docs"],"dueOn":"2026-12-01","estimate":2.5,"parentId":"01938f5e-0000-7000-8000-000000000001","rank":"0000000ci"}"""),
        ("task_retitled", new TaskRetitled("Title", "New"), """{"from":"Title","to":"New"}"""),
        ("task_description_changed", new TaskDescriptionChanged("New"), """{"description":"New"}"""),
        ("task_status_changed", new TaskStatusChanged(WorkStatus.Todo, WorkStatus.InReview), """{"from":"todo","to":"in_review"}"""),
        ("task_prioritised", new TaskPrioritised(Priority.None, Priority.Urgent), """{"from":"none","to":"urgent"}"""),
        ("task_assigned", new TaskAssigned(null, Id), """{"to":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("task_labelled", new TaskLabelled("api"), """{"label":"api"}"""),
        ("task_unlabelled", new TaskUnlabelled("api"), """{"label":"api"}"""),
        ("task_scheduled", new TaskScheduled(new DateOnly(2026, 12, 1), null), """{"from":"2026-12-01"}"""),
        ("task_estimated", new TaskEstimated(null, 3), """{"to":3}"""),
        ("task_reparented", new TaskReparented(null, Id), """{"to":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("task_linked", new TaskLinked(LinkKind.Blocks, Id), """{"kind":"blocks","otherTaskId":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("task_unlinked", new TaskUnlinked(LinkKind.Blocks, Id), """{"kind":"blocks","otherTaskId":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("checklist_item_added", new ChecklistItemAdded(Id, "Item"), """{"itemId":"01938f5e-0000-7000-8000-000000000001","text":"Item"}"""),
        ("checklist_item_changed", new ChecklistItemChanged(Id, "Item", true), """{"itemId":"01938f5e-0000-7000-8000-000000000001","text":"Item","done":true}"""),
        ("checklist_item_removed", new ChecklistItemRemoved(Id), """{"itemId":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("comment_added", new CommentAdded(Id, "Text", "ann"), """{"commentId":"01938f5e-0000-7000-8000-000000000001","body":"Text","author":"ann"}"""),
        ("comment_edited", new CommentEdited(Id, "New"), """{"commentId":"01938f5e-0000-7000-8000-000000000001","body":"New"}"""),
        ("comment_deleted", new CommentDeleted(Id), """{"commentId":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("task_watched", new TaskWatched(Id), """{"personId":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("task_unwatched", new TaskUnwatched(Id), """{"personId":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("task_reranked", new TaskReranked("h"), """{"rank":"h"}"""),
        ("task_archived", new TaskArchived(), "{}"),
        ("task_unarchived", new TaskUnarchived(), "{}"),
        ("task_deleted", new TaskDeleted(), "{}"),
        ("task_restored", new TaskRestored(), "{}"),
    ];

    public static IReadOnlyList<(string Alias, object Event, string Json)> OfProjects { get; } =
    [
        (
            "project_created",
            new ProjectCreated("WEB", "Website", "Text", Id, new DateOnly(2026, 1, 1), new DateOnly(2026, 12, 31)),
            """{"key":"WEB","name":"Website","description":"Text","leadId":"01938f5e-0000-7000-8000-000000000001","startsOn":"2026-01-01","endsOn":"2026-12-31"}"""),
        ("project_renamed", new ProjectRenamed("Website", "Shop"), """{"from":"Website","to":"Shop"}"""),
        ("project_described", new ProjectDescribed(null), "{}"),
        ("project_lead_changed", new ProjectLeadChanged(null, Id), """{"to":"01938f5e-0000-7000-8000-000000000001"}"""),
        ("project_rescheduled", new ProjectRescheduled(new DateOnly(2026, 1, 1), null), """{"startsOn":"2026-01-01"}"""),
        ("project_status_changed", new ProjectStatusChanged(ProjectStatus.Active, ProjectStatus.Completed), """{"from":"active","to":"completed"}"""),
        ("project_archived", new ProjectArchived(), "{}"),
        ("project_restored", new ProjectRestored(), "{}"),
    ];

    public static (string Alias, object Event, string Json) OfKeys { get; } = (
        "project_key_reserved", new ProjectKeyReserved(Id, "WEB"), """{"projectId":"01938f5e-0000-7000-8000-000000000001","key":"WEB"}""");
}
