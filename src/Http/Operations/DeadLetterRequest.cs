using Events.Commands.Deciding;
using Events.Http.Bodies;
using Events.Messaging.DeadLetters;
using Events.Platform.Tenancy;

namespace Events.Http.Operations;

/// <summary>Which of a workspace's dead letters: of a type, with these ids, or both.</summary>
public sealed class DeadLetterRequest
{
    public const int MaxType = 200;

    public string WorkspaceId { get; set; } = "";

    public string? Type { get; set; }

    public IReadOnlyList<Guid>? Ids { get; set; }

    public static BodyShape<DeadLetterRequest> Shape { get; } = new BodyShape<DeadLetterRequest> { Example = """{"workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","type":"send_mail"}""" }
        .Text("workspaceId", (r, v) => r.WorkspaceId = v!, TenantId.MaxLength, required: true)
        .Text("type", (r, v) => r.Type = v, MaxType)
        .Ids("ids", (r, v) => r.Ids = v, DeadLetterChoice.MaxLimit);

    /// <summary>What is wrong beyond the members themselves; null: nothing.</summary>
    public FieldError? Wrong => this switch
    {
        _ when OperationBodies.TenantOf(WorkspaceId) is null => new("/workspaceId", "malformed_id", "It must say whose dead letters, in printable characters."),
        { Type: "" } => new("/type", "required", "It must not be empty."),
        { Ids: { Count: 0 } } => new("/ids", "required", "It must name one at least."),
        { Type: null, Ids: null } => new("/type", "required", "It takes type or ids, or both."),
        _ => null,
    };
}
