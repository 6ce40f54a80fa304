using Events.Commands.Deciding;
using Events.Http.Bodies;
using Events.Platform.Tenancy;

namespace Events.Http.Operations;

/// <summary>A stream that a projection has parked, and why its event is left out.</summary>
public sealed class ParkedStreamRequest
{
    public string WorkspaceId { get; set; } = "";

    public Guid StreamId { get; set; }

    public string? Reason { get; set; }

    /// <summary>To go on with the stream.</summary>
    public static BodyShape<ParkedStreamRequest> Release { get; } = OfStream("""{"workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","streamId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61"}""");

    /// <summary>To leave the event out that it waits behind.</summary>
    public static BodyShape<ParkedStreamRequest> Skip { get; } =
        OfStream("""{"workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","streamId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","reason":"written by a broken importer"}""")
            .Text("reason", (r, v) => r.Reason = v, 500, required: true);

    public FieldError? Wrong => this switch
    {
        _ when OperationBodies.TenantOf(WorkspaceId) is null => new("/workspaceId", "malformed_id", "It must say whose stream, in printable characters."),
        { Reason: { } reason } when string.IsNullOrWhiteSpace(reason) => new("/reason", "required", "It must not be empty."),
        _ => null,
    };

    private static BodyShape<ParkedStreamRequest> OfStream(string example) => new BodyShape<ParkedStreamRequest> { Example = example }
        .Text("workspaceId", (r, v) => r.WorkspaceId = v!, TenantId.MaxLength, required: true)
        .Id("streamId", (r, v) => r.StreamId = v!.Value, required: true);
}
