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
        api.MapPost("/tasks/{id}/rank", tasks.RankAsync).RequirePermission(Permission.TasksWrite).Describe(new("rankTask", Tag, "Put a task between others")
        {
            Description = "As a card is dropped on a board: right behind `after`, right before `before`, or between the two. With one of them, what stands at its other side now is looked up. Answers the new `rank`, which orders the board (`sort=rank`).",
            Body = NewPlace.Shape,
            Example = Examples.Ranked,
            Commands = [typeof(PlaceTask)],
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

    public static void MapTaskQueries(this IEndpointRouteBuilder api)
    {
        var tasks = api.ServiceProvider.GetRequiredService<TaskQueries>();
        api.MapGet("/tasks", tasks.ListAsync).RequirePermission(Permission.TasksRead).Describe(new("listTasks", Tag, "List tasks")
        {
            IsOfReadModels = true,
            Description = "Archived and deleted tasks are not listed. With a filter besides what the list is read along, a page may hold fewer items than asked for and still have a next one. By `due`, only tasks that have a date.",
            Query =
            [
                Parameter.Id("projectId", "Only of this project."),
                Parameter.Text("status", "Only with one of these, separated by commas.", "todo,in_progress"),
                Parameter.Text("priority", "Only with one of these, separated by commas.", "high,urgent"),
                Parameter.Text("assigneeId", "Only of this person; `me` is yourself.", "me"),
                Parameter.Text("label", "Only with this label.", "docs", 64),
                Parameter.Text("q", "Only with all these words in title or description; the 1,000 best matches, best first unless `sort` says otherwise.", "release notes"),
                Parameter.Time("at", "The list as it was at this moment."),
                Parameter.Choice("sort", "By what; with `-` before it, largest first. What is offered depends on the filter: by `rank`, `number` and `priority` within a project.", ["-created", .. TaskQueries.Sorts.Where(s => s != "-created")]),
                Parameter.Limit,
                Parameter.Cursor,
            ],
            Example = Examples.Page(Examples.TaskRow),
            Paginated = true,
        });
        api.MapGet("/tasks/{id}", tasks.DetailAsync).RequirePermission(Permission.TasksRead).Describe(new("getTask", Tag, "Read a task")
        {
            IsOfReadModels = true,
            Description = "Whole, but for its comments and its history, which are lists of their own. A deleted or archived task says so. With `at` or `version`, as it was then.",
            Query = [Parameter.Time("at", "As it was at this moment."), new("version", """{"type":"integer","minimum":1}""", "As it was at this version.", "1")],
            Example = Examples.TaskDetail,
        });
        api.MapGet("/tasks/{id}/comments", tasks.CommentsAsync).RequirePermission(Permission.TasksRead).Describe(new("listComments", Tag, "List a task's comments")
        {
            IsOfReadModels = true,
            Description = "Oldest first.",
            Query = [Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page("""{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","author":"01938f5e-0000-7000-8000-0000000000aa","body":"Looks good to *me*.","createdAt":"2026-11-21T09:30:00Z","editedAt":null}"""),
            Paginated = true,
        });
        var parts = api.ServiceProvider.GetRequiredService<TaskPartQueries>();
        api.MapGet("/tasks/{id}/comments/{commentId}", parts.CommentAsync).RequirePermission(Permission.TasksRead).Describe(new("getComment", Tag, "Read a comment")
        {
            IsOfReadModels = true,
            Example = """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","author":"01938f5e-0000-7000-8000-0000000000aa","body":"Looks good to *me*.","createdAt":"2026-11-21T09:30:00Z","editedAt":null}""",
        });
        api.MapGet("/tasks/{id}/checklist/{itemId}", parts.ChecklistItemAsync).RequirePermission(Permission.TasksRead).Describe(new("getChecklistItem", Tag, "Read an item of the checklist")
        {
            IsOfReadModels = true,
            Example = """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e62","text":"Ask the translators","done":false}""",
        });
        api.MapGet("/tasks/{id}/links", tasks.LinksAsync).RequirePermission(Permission.TasksRead).Describe(new("listTaskLinks", Tag, "List a task's links, from both ends")
        {
            IsOfReadModels = true,
            Description = "What the task is to others (`out`) and then what others are to it (`in`), by kind; `task` is the other one, as lists show it. Those that are deleted or that you may not see are left out.",
            Query = [Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page($$"""{"kind":"blocks","direction":"in","task":{{Examples.TaskRow}}}"""),
            Paginated = true,
        });
        api.MapGet("/tasks/{id}/history", tasks.HistoryAsync).RequirePermission(Permission.TasksRead).Describe(new("listTaskHistory", Tag, "List what happened to a task")
        {
            IsOfReadModels = true,
            Description = "Newest first: who changed what from what to what, and when.",
            Query = [Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page("""{"version":2,"position":4711,"at":"2026-11-21T09:31:00Z","actor":"01938f5e-0000-7000-8000-0000000000aa","type":"task_status_changed","changes":[{"field":"status","from":"todo","to":"in_progress"}]}"""),
            Paginated = true,
        });
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
