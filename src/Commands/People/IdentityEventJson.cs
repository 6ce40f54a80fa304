using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Events.Commands.Workspaces;

namespace Events.Commands.People;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PersonSignedUp))]
[JsonSerializable(typeof(PersonRenamed))]
[JsonSerializable(typeof(PersonEmailChanged))]
[JsonSerializable(typeof(PasswordChanged))]
[JsonSerializable(typeof(SignedOutEverywhere))]
[JsonSerializable(typeof(WorkspaceEntered))]
[JsonSerializable(typeof(ExternalAccountLinked))]
[JsonSerializable(typeof(PersonErased))]
[JsonSerializable(typeof(IdentifierClaimed))]
[JsonSerializable(typeof(IdentifierReleased))]
[JsonSerializable(typeof(SessionStarted))]
[JsonSerializable(typeof(SessionSwitched))]
[JsonSerializable(typeof(SessionEnded))]
[JsonSerializable(typeof(WorkspaceFounded))]
[JsonSerializable(typeof(WorkspaceRenamed))]
[JsonSerializable(typeof(MemberJoined))]
[JsonSerializable(typeof(MemberRoleChanged))]
[JsonSerializable(typeof(MemberRemoved))]
[JsonSerializable(typeof(InvitationSent))]
[JsonSerializable(typeof(InvitationAccepted))]
[JsonSerializable(typeof(InvitationRevoked))]
[JsonSerializable(typeof(LabelDefined))]
[JsonSerializable(typeof(LabelChanged))]
[JsonSerializable(typeof(LabelRemoved))]
[JsonSerializable(typeof(FeatureSwitched))]
[JsonSerializable(typeof(SettingChanged))]
[JsonSerializable(typeof(ApiTokenIssued))]
[JsonSerializable(typeof(ApiTokenRevoked))]
[JsonSerializable(typeof(ProjectRestricted))]
[JsonSerializable(typeof(ProjectAccessGranted))]
[JsonSerializable(typeof(ProjectAccessWithdrawn))]
[JsonSerializable(typeof(ProjectOpened))]
public sealed partial class IdentityEventJson : JsonSerializerContext;

/// <summary>The events of people, sessions and workspaces under their wire names. A name is never given to another shape.</summary>
public static class IdentityEventRegister
{
    private static IdentityEventJson Json => IdentityEventJson.Default;

    public static IReadOnlyList<(string Alias, JsonTypeInfo Type)> All { get; } =
    [
        ("person_signed_up", Json.PersonSignedUp),
        ("person_renamed", Json.PersonRenamed),
        ("person_email_changed", Json.PersonEmailChanged),
        ("password_changed", Json.PasswordChanged),
        ("signed_out_everywhere", Json.SignedOutEverywhere),
        ("workspace_entered", Json.WorkspaceEntered),
        ("external_account_linked", Json.ExternalAccountLinked),
        ("person_erased", Json.PersonErased),
        ("identifier_claimed", Json.IdentifierClaimed),
        ("identifier_released", Json.IdentifierReleased),
        ("session_started", Json.SessionStarted),
        ("session_switched", Json.SessionSwitched),
        ("session_ended", Json.SessionEnded),
        ("workspace_founded", Json.WorkspaceFounded),
        ("workspace_renamed", Json.WorkspaceRenamed),
        ("member_joined", Json.MemberJoined),
        ("member_role_changed", Json.MemberRoleChanged),
        ("member_removed", Json.MemberRemoved),
        ("invitation_sent", Json.InvitationSent),
        ("invitation_accepted", Json.InvitationAccepted),
        ("invitation_revoked", Json.InvitationRevoked),
        ("label_defined", Json.LabelDefined),
        ("label_changed", Json.LabelChanged),
        ("label_removed", Json.LabelRemoved),
        ("feature_switched", Json.FeatureSwitched),
        ("setting_changed", Json.SettingChanged),
        ("api_token_issued", Json.ApiTokenIssued),
        ("api_token_revoked", Json.ApiTokenRevoked),
        ("project_restricted", Json.ProjectRestricted),
        ("project_access_granted", Json.ProjectAccessGranted),
        ("project_access_withdrawn", Json.ProjectAccessWithdrawn),
        ("project_opened", Json.ProjectOpened),
    ];
}
