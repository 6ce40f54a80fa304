using Events.Commands.Deciding;
using Events.Commands.Tasks;
using Events.Http.Bodies;

namespace Events.Http.Tasks;

public sealed class NewTask
{
    public Guid? Id { get; set; }

    public Guid ProjectId { get; set; }

    public string Title { get; set; } = "";

    public string? Description { get; set; }

    public WorkStatus Status { get; set; } = WorkStatus.Todo;

    public Priority Priority { get; set; }

    public Guid? AssigneeId { get; set; }

    public IReadOnlyList<string> Labels { get; set; } = [];

    public DateOnly? DueOn { get; set; }

    public decimal? Estimate { get; set; }

    public Guid? ParentId { get; set; }

    public static BodyShape<NewTask> Shape { get; } = new BodyShape<NewTask>
    {
        Example = """{"projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","title":"Write the release notes","priority":"high","labels":["docs"],"dueOn":"2026-12-01"}""",
    }
        .Id("id", (t, v) => t.Id = v)
        .Id("projectId", (t, v) => t.ProjectId = v!.Value, required: true)
        .Text("title", (t, v) => t.Title = v!, Limits.Title, required: true)
        .Text("description", (t, v) => t.Description = v, Limits.Description, nullable: true)
        .Choice<WorkStatus>("status", (t, v) => t.Status = v!.Value)
        .Choice<Priority>("priority", (t, v) => t.Priority = v!.Value)
        .Id("assigneeId", (t, v) => t.AssigneeId = v, nullable: true)
        .Texts("labels", (t, v) => t.Labels = v!, Limits.LabelsOfTask, Limits.Label)
        .Date("dueOn", (t, v) => t.DueOn = v, nullable: true)
        .Number("estimate", (t, v) => t.Estimate = v, 0, Limits.Estimate, nullable: true)
        .Id("parentId", (t, v) => t.ParentId = v, nullable: true);

    public CreateTask ToCommand() => new(Id!.Value, ProjectId, Title)
    {
        Description = Description,
        Status = Status,
        Priority = Priority,
        AssigneeId = AssigneeId,
        Labels = Labels,
        DueOn = DueOn,
        Estimate = Estimate,
        ParentId = ParentId,
    };
}

/// <summary>A merge patch of a task: each member that is there becomes the command that it means.</summary>
public sealed class TaskPatch
{
    private readonly List<TaskCommand> changes = [];

    public static BodyShape<TaskPatch> Shape { get; } = new BodyShape<TaskPatch>
    {
        Example = """{"status":"in_progress","priority":"urgent","dueOn":null}""",
    }
        .Text("title", (p, v) => p.changes.Add(new RetitleTask(v!)), Limits.Title)
        .Text("description", (p, v) => p.changes.Add(new DescribeTask(v)), Limits.Description, nullable: true)
        .Choice<WorkStatus>("status", (p, v) => p.changes.Add(new ChangeTaskStatus(v!.Value)))
        .Choice<Priority>("priority", (p, v) => p.changes.Add(new PrioritiseTask(v!.Value)))
        .Id("assigneeId", (p, v) => p.changes.Add(new AssignTask(v)), nullable: true)
        .Texts("labels", (p, v) => p.changes.Add(new RelabelTask(v!)), Limits.LabelsOfTask, Limits.Label)
        .Date("dueOn", (p, v) => p.changes.Add(new ScheduleTask(v)), nullable: true)
        .Number("estimate", (p, v) => p.changes.Add(new EstimateTask(v)), 0, Limits.Estimate, nullable: true)
        .Id("parentId", (p, v) => p.changes.Add(new ReparentTask(v)), nullable: true)
        .Text("rank", (p, v) => p.changes.Add(new RankTask(v!)), Limits.Rank);

    public Guid? ParentId => changes.OfType<ReparentTask>().FirstOrDefault()?.ParentId;

    /// <summary>Equal for equal patches.</summary>
    public IReadOnlyList<string> Fingerprint => [.. changes.Select(c => c is RelabelTask labels ? $"labels {string.Join('\n', labels.Labels)}" : c.ToString())];

    public TaskCommand ToCommand() => changes is [var only] ? only : new ChangeTask(changes);
}

public sealed class NewPlace
{
    public Guid? After { get; set; }

    public Guid? Before { get; set; }

    public static BodyShape<NewPlace> Shape { get; } = new BodyShape<NewPlace>
    {
        Example = """{"after":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","before":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e62"}""",
    }
        .Id("after", (p, v) => p.After = v, nullable: true)
        .Id("before", (p, v) => p.Before = v, nullable: true);
}

/// <summary>For commands that need nothing but their path.</summary>
public sealed class NoBody
{
    public static BodyShape<NoBody> Shape { get; } = new();
}

public sealed class NewComment
{
    public Guid? Id { get; set; }

    public string Body { get; set; } = "";

    public static BodyShape<NewComment> Shape { get; } = new BodyShape<NewComment> { Example = """{"body":"Looks good to *me*."}""" }
        .Id("id", (c, v) => c.Id = v)
        .Text("body", (c, v) => c.Body = v!, Limits.Comment, required: true);
}

public sealed class CommentPatch
{
    public string Body { get; set; } = "";

    public static BodyShape<CommentPatch> Shape { get; } = new BodyShape<CommentPatch> { Example = """{"body":"Looks good to me."}""" }
        .Text("body", (c, v) => c.Body = v!, Limits.Comment, required: true);
}

public sealed class NewChecklistItem
{
    public Guid? Id { get; set; }

    public string Text { get; set; } = "";

    public static BodyShape<NewChecklistItem> Shape { get; } = new BodyShape<NewChecklistItem> { Example = """{"text":"Ask the translators"}""" }
        .Id("id", (i, v) => i.Id = v)
        .Text("text", (i, v) => i.Text = v!, Limits.ChecklistText, required: true);
}

public sealed class ChecklistItemPatch
{
    public string? Text { get; set; }

    public bool? Done { get; set; }

    public static BodyShape<ChecklistItemPatch> Shape { get; } = new BodyShape<ChecklistItemPatch> { Example = """{"done":true}""" }
        .Text("text", (i, v) => i.Text = v, Limits.ChecklistText)
        .Flag("done", (i, v) => i.Done = v);
}

public sealed class NewLink
{
    public LinkKind Kind { get; set; }

    public Guid TaskId { get; set; }

    public static BodyShape<NewLink> Shape { get; } = new BodyShape<NewLink>
    {
        Example = """{"kind":"blocks","taskId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60"}""",
    }
        .Choice<LinkKind>("kind", (l, v) => l.Kind = v!.Value, required: true)
        .Id("taskId", (l, v) => l.TaskId = v!.Value, required: true);
}
