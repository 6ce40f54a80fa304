using System.Text.Json.Serialization;
using Events.Commands.Tasks;
using Events.Http.Bodies;
using Events.Http.Idempotency;
using Events.Http.Tasks;

namespace Events.Http.Batching;

public enum BatchVerb
{
    [JsonStringEnumMemberName("create")]
    Create,
    [JsonStringEnumMemberName("change")]
    Change,
    [JsonStringEnumMemberName("comment")]
    Comment,
    [JsonStringEnumMemberName("archive")]
    Archive,
    [JsonStringEnumMemberName("unarchive")]
    Unarchive,
    [JsonStringEnumMemberName("delete")]
    Delete,
    [JsonStringEnumMemberName("restore")]
    Restore,
}

/// <summary>One operation of a batch: what a request of its own would be.</summary>
public sealed class BatchOperation
{
    public BatchVerb Verb { get; set; }

    /// <summary>The task, for everything but creating.</summary>
    public Guid? Id { get; set; }

    public string? IdempotencyKey { get; set; }

    public long? IfVersion { get; set; }

    public NewTask? Task { get; set; }

    public TaskPatch? Changes { get; set; }

    public NewComment? Comment { get; set; }

    public static BodyShape<BatchOperation> Shape { get; } = new BodyShape<BatchOperation>()
        .Choice<BatchVerb>("op", (o, v) => o.Verb = v!.Value, required: true)
        .Id("id", (o, v) => o.Id = v)
        .Text("idempotencyKey", (o, v) => o.IdempotencyKey = v, Idempotency.IdempotencyKey.MaxLength)
        .Integer("ifVersion", (o, v) => o.IfVersion = v, 1, long.MaxValue)
        .Nested("task", NewTask.Shape, (o, v) => o.Task = v)
        .Nested("changes", TaskPatch.Shape, (o, v) => o.Changes = v)
        .Nested("comment", NewComment.Shape, (o, v) => o.Comment = v);

    /// <summary>The tasks that the operation touches or leans on: operations that share one keep their order.</summary>
    public IEnumerable<Guid> Touched
    {
        get
        {
            if (Id is { } id)
                yield return id;
            if (Task?.Id is { } made)
                yield return made;
            if (Task?.ParentId is { } parent)
                yield return parent;
            if (Changes?.ParentId is { } newParent)
                yield return newParent;
        }
    }

    /// <summary>The member that the operation needs and lacks; null: it is complete.</summary>
    public string? Missing => Verb switch
    {
        BatchVerb.Create => Task is null ? "task" : null,
        _ when Id is null => "id",
        BatchVerb.Change => Changes is null ? "changes" : null,
        BatchVerb.Comment => Comment is null ? "comment" : null,
        _ => null,
    };

    /// <summary>A member that says something and is not heard by this operation; null: there is none.</summary>
    public string? Unused =>
        Verb == BatchVerb.Create && Id is not null ? "id"
        : Verb == BatchVerb.Create && IfVersion is not null ? "ifVersion"
        : Verb != BatchVerb.Create && Task is not null ? "task"
        : Verb != BatchVerb.Change && Changes is not null ? "changes"
        : Verb != BatchVerb.Comment && Comment is not null ? "comment"
        : null;

    public TaskCommand ToChange(Func<Guid> newId) => Verb switch
    {
        BatchVerb.Change => Changes!.ToCommand(),
        BatchVerb.Comment => new AddComment(Comment!.Id ??= newId(), Comment.Body),
        BatchVerb.Archive => new ArchiveTask(),
        BatchVerb.Unarchive => new UnarchiveTask(),
        BatchVerb.Delete => new DeleteTask(),
        _ => new RestoreTask(),
    };
}

public sealed class BatchRequest
{
    public const int Most = 200;

    public IReadOnlyList<BatchOperation> Operations { get; set; } = [];

    public static BodyShape<BatchRequest> Shape { get; } = new BodyShape<BatchRequest>
    {
        Example = """{"operations":[{"op":"create","idempotencyKey":"row-1","task":{"projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","title":"Write the release notes"}},{"op":"change","id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","ifVersion":1,"changes":{"status":"done"}}]}""",
    }
        .Many("operations", BatchOperation.Shape, (b, v) => b.Operations = v, Most, required: true);
}
