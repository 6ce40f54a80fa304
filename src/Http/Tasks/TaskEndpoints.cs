using Events.Commands.Permissions;
using Events.Commands.Tasks;
using Events.Http.Auth;
using Events.Http.Describing;

namespace Events.Http.Tasks;

public static class TaskEndpoints
{
    private const string Tag = "Tasks";

    /// <summary>Commands on tasks; the lists and details are mapped beside their queries.</summary>
    public static void MapTaskCommands(this IEndpointRouteBuilder api)
    {
        var tasks = api.ServiceProvider.GetRequiredService<TaskHandlers>();
        api.MapPost("/tasks", tasks.CreateAsync).RequirePermission(Permission.TasksWrite).Describe(new("createTask", Tag, "Create a task")
        {
            Description = "Answers the task's list row. The id may be made by the client (UUIDv7).",
            Body = NewTask.Shape,
            Status = 201,
            Example = Examples.TaskRow,
            Commands = [typeof(CreateTask)],
        });
        api.MapPatch("/tasks/{id}", tasks.PatchAsync).RequirePermission(Permission.TasksWrite).Describe(new("changeTask", Tag, "Change a task")
        {
            Description = "A JSON merge patch (RFC 7396): what is absent stays, null takes away. Every change is an event of its own; all of them or none happen.",
            Body = TaskPatch.Shape,
            IsMergePatch = true,
            Example = Examples.Change("task_status_changed"),
            Commands =
            [
                typeof(ChangeTask), typeof(RetitleTask), typeof(DescribeTask), typeof(ChangeTaskStatus), typeof(PrioritiseTask), typeof(AssignTask),
                typeof(RelabelTask), typeof(ScheduleTask), typeof(EstimateTask), typeof(ReparentTask), typeof(RankTask),
            ],
        });
        api.MapDelete("/tasks/{id}", tasks.DeleteAsync).RequirePermission(Permission.TasksWrite).Describe(new("deleteTask", Tag, "Delete a task")
        {
            Description = "It leaves every list; its history stays, and `restore` brings it back.",
            Example = Examples.Change("task_deleted"),
            Commands = [typeof(DeleteTask)],
        });
        api.MapPost("/tasks/{id}/restore", tasks.RestoreAsync).RequirePermission(Permission.TasksWrite).Describe(new("restoreTask", Tag, "Restore a deleted task")
        {
            Example = Examples.Change("task_restored"),
            Commands = [typeof(RestoreTask)],
        });
        api.MapPost("/tasks/{id}/archive", tasks.ArchiveAsync).RequirePermission(Permission.TasksWrite).Describe(new("archiveTask", Tag, "Archive a task")
        {
            Example = Examples.Change("task_archived"),
            Commands = [typeof(ArchiveTask)],
        });
        api.MapPost("/tasks/{id}/unarchive", tasks.UnarchiveAsync).RequirePermission(Permission.TasksWrite).Describe(new("unarchiveTask", Tag, "Take a task out of the archive")
        {
            Example = Examples.Change("task_unarchived"),
            Commands = [typeof(UnarchiveTask)],
        });
        MapComments(api, tasks);
        MapChecklist(api, tasks);
        MapLinksAndWatchers(api, tasks);
    }

    private static void MapComments(IEndpointRouteBuilder api, TaskHandlers tasks)
    {
        api.MapPost("/tasks/{id}/comments", tasks.AddCommentAsync).RequirePermission(Permission.TasksWrite).Describe(new("addComment", Tag, "Comment on a task")
        {
            Body = NewComment.Shape,
            Status = 201,
            Example = """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","body":"Looks good to *me*.","version":4,"createdAt":"2026-11-21T09:30:00Z"}""",
            Commands = [typeof(AddComment)],
        });
        api.MapPatch("/tasks/{id}/comments/{commentId}", tasks.EditCommentAsync).RequirePermission(Permission.TasksWrite).Describe(new("editComment", Tag, "Edit one's comment")
        {
            Body = CommentPatch.Shape,
            IsMergePatch = true,
            Example = Examples.Change("comment_edited"),
            Commands = [typeof(EditComment)],
        });
        api.MapDelete("/tasks/{id}/comments/{commentId}", tasks.DeleteCommentAsync).RequirePermission(Permission.TasksWrite).Describe(new("deleteComment", Tag, "Delete a comment")
        {
            Description = "One's own; admins may delete anybody's.",
            Example = Examples.Change("comment_deleted"),
            Commands = [typeof(DeleteComment)],
        });
    }

    private static void MapChecklist(IEndpointRouteBuilder api, TaskHandlers tasks)
    {
        api.MapPost("/tasks/{id}/checklist", tasks.AddChecklistItemAsync).RequirePermission(Permission.TasksWrite).Describe(new("addChecklistItem", Tag, "Add an item to the checklist")
        {
            Body = NewChecklistItem.Shape,
            Status = 201,
            Example = """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e62","text":"Ask the translators","done":false,"version":5}""",
            Commands = [typeof(AddChecklistItem)],
        });
        api.MapPatch("/tasks/{id}/checklist/{itemId}", tasks.ChangeChecklistItemAsync).RequirePermission(Permission.TasksWrite).Describe(new("changeChecklistItem", Tag, "Tick off or reword an item")
        {
            Body = ChecklistItemPatch.Shape,
            IsMergePatch = true,
            Example = Examples.Change("checklist_item_changed"),
            Commands = [typeof(ChangeChecklistItem)],
        });
        api.MapDelete("/tasks/{id}/checklist/{itemId}", tasks.RemoveChecklistItemAsync).RequirePermission(Permission.TasksWrite).Describe(new("removeChecklistItem", Tag, "Remove an item")
        {
            Example = Examples.Change("checklist_item_removed"),
            Commands = [typeof(RemoveChecklistItem)],
        });
    }

    private static void MapLinksAndWatchers(IEndpointRouteBuilder api, TaskHandlers tasks)
    {
        api.MapPost("/tasks/{id}/links", tasks.LinkAsync).RequirePermission(Permission.TasksWrite).Describe(new("linkTask", Tag, "Link a task to another")
        {
            Body = NewLink.Shape,
            Example = Examples.Change("task_linked"),
            Commands = [typeof(LinkTask)],
        });
        api.MapDelete("/tasks/{id}/links/{kind}/{otherId}", tasks.UnlinkAsync).RequirePermission(Permission.TasksWrite).Describe(new("unlinkTask", Tag, "Remove a link")
        {
            Path = [Parameter.Choice("kind", "What the task is to the other.", "blocks", "relates", "duplicates")],
            Example = Examples.Change("task_unlinked"),
            Commands = [typeof(UnlinkTask)],
        });
        api.MapPut("/tasks/{id}/watchers/{personId}", tasks.WatchAsync).RequirePermission(Permission.TasksWrite).Describe(new("watchTask", Tag, "Add a watcher")
        {
            Example = Examples.Change("task_watched"),
            Commands = [typeof(WatchTask)],
        });
        api.MapDelete("/tasks/{id}/watchers/{personId}", tasks.UnwatchAsync).RequirePermission(Permission.TasksWrite).Describe(new("unwatchTask", Tag, "Remove a watcher")
        {
            Example = Examples.Change("task_unwatched"),
            Commands = [typeof(UnwatchTask)],
        });
    }
}
