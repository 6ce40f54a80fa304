using Events.Commands.Deciding;
using Events.Commands.Tasks;
using Events.Http.Bodies;
using Events.Workers.Bulk;

namespace Events.Http.Bulk;

public sealed class BulkRequestFilter
{
    public Guid? ProjectId { get; set; }

    public WorkStatus? Status { get; set; }

    public Priority? Priority { get; set; }

    public Guid? AssigneeId { get; set; }

    public string? Label { get; set; }

    public static BodyShape<BulkRequestFilter> Shape { get; } = new BodyShape<BulkRequestFilter>()
        .Id("projectId", (f, v) => f.ProjectId = v)
        .Choice<WorkStatus>("status", (f, v) => f.Status = v)
        .Choice<Priority>("priority", (f, v) => f.Priority = v)
        .Id("assigneeId", (f, v) => f.AssigneeId = v)
        .Text("label", (f, v) => f.Label = v, Limits.Label);

    public BulkFilter ToFilter(IReadOnlyList<Guid> hidden) =>
        new(ProjectId, Status is { } s ? [s] : null, Priority is { } p ? [p] : null, AssigneeId, Label, hidden);
}

public sealed class BulkRequestChange
{
    public BulkChange Change { get; set; } = new();

    public static BodyShape<BulkRequestChange> Shape { get; } = new BodyShape<BulkRequestChange>()
        .Choice<WorkStatus>("status", (c, v) => c.Change = c.Change with { Status = v })
        .Choice<Priority>("priority", (c, v) => c.Change = c.Change with { Priority = v })
        .Id("assigneeId", (c, v) => c.Change = c.Change with { Assigns = true, AssigneeId = v }, nullable: true)
        .Date("dueOn", (c, v) => c.Change = c.Change with { Schedules = true, DueOn = v }, nullable: true)
        .Texts("addLabels", (c, v) => c.Change = c.Change with { AddLabels = v! }, Limits.LabelsOfTask, Limits.Label)
        .Texts("removeLabels", (c, v) => c.Change = c.Change with { RemoveLabels = v! }, Limits.LabelsOfTask, Limits.Label)
        .Flag("archive", (c, v) => c.Change = c.Change with { Archive = v })
        .Flag("delete", (c, v) => c.Change = c.Change with { Delete = v });
}

public sealed class BulkRequest
{
    public BulkRequestFilter Filter { get; set; } = new();

    public BulkRequestChange Changes { get; set; } = new();

    public bool DryRun { get; set; }

    public static BodyShape<BulkRequest> Shape { get; } = new BodyShape<BulkRequest>
    {
        Example = """{"filter":{"projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","status":"todo"},"changes":{"priority":"low","addLabels":["later"]},"dryRun":true}""",
    }
        .Nested("filter", BulkRequestFilter.Shape, (b, v) => b.Filter = v!, required: true)
        .Nested("changes", BulkRequestChange.Shape, (b, v) => b.Changes = v!, required: true)
        .Flag("dryRun", (b, v) => b.DryRun = v);
}
