using System.Text.Json.Serialization;
using Events.Commands.Secrets;

namespace Events.Commands.Workspaces;

/// <summary>Ordered: a higher role may do what a lower one may.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkspaceRole>))]
public enum WorkspaceRole
{
    [JsonStringEnumMemberName("viewer")]
    Viewer,

    [JsonStringEnumMemberName("member")]
    Member,

    [JsonStringEnumMemberName("admin")]
    Admin,

    [JsonStringEnumMemberName("owner")]
    Owner,
}

public sealed record WorkspaceFounded(string Name);

public sealed record WorkspaceRenamed(string Name);

/// <param name="InvitationId">Null for the founder.</param>
public sealed record MemberJoined(Guid PersonId, WorkspaceRole Role, Guid? InvitationId);

public sealed record MemberRoleChanged(Guid PersonId, WorkspaceRole From, WorkspaceRole To);

/// <summary>Ends the member's tokens and project accesses too.</summary>
public sealed record MemberRemoved(Guid PersonId);

/// <param name="Email">Sealed under the invitation's own key: the invited may not be a person here yet.</param>
/// <param name="EmailIndex">Keyed hash of the address, to recognise a repeat without reading the address.</param>
public sealed record InvitationSent(Guid InvitationId, SealedText Email, Guid EmailIndex, WorkspaceRole Role, Guid InvitedBy, DateTimeOffset ExpiresAt);

/// <summary>Always followed by the <see cref="MemberJoined"/> that names it.</summary>
public sealed record InvitationAccepted(Guid InvitationId, Guid PersonId);

public sealed record InvitationRevoked(Guid InvitationId);

/// <param name="Color"><c>#rrggbb</c>.</param>
public sealed record LabelDefined(Guid LabelId, string Name, string Color, string? Description);

public sealed record LabelChanged(Guid LabelId, string Name, string Color, string? Description);

public sealed record LabelRemoved(Guid LabelId);

public sealed record FeatureSwitched(string Flag, bool On);

/// <param name="Value">Null: back to the default.</param>
public sealed record SettingChanged(string Name, string? Value);

/// <summary>The token's secret is nowhere in the history; a table of its own holds a hash of it.</summary>
public sealed record ApiTokenIssued(Guid TokenId, Guid PersonId, string Name, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt);

public sealed record ApiTokenRevoked(Guid TokenId);

/// <summary>From now on only these members, and the workspace's admins and owners, see the project.</summary>
public sealed record VisibilityRestricted(Guid ProjectId, IReadOnlyList<Guid> PersonIds);

public sealed record VisibilityGranted(Guid ProjectId, Guid PersonId);

public sealed record VisibilityWithdrawn(Guid ProjectId, Guid PersonId);

/// <summary>Every member sees the project again.</summary>
public sealed record VisibilityOpened(Guid ProjectId);
