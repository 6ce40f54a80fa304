using System.Text.Json.Serialization;
using Events.Commands.Workspaces;
using Events.EventStore;

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
[JsonSerializable(typeof(VisibilityRestricted))]
[JsonSerializable(typeof(VisibilityGranted))]
[JsonSerializable(typeof(VisibilityWithdrawn))]
[JsonSerializable(typeof(VisibilityOpened))]
public sealed partial class IdentityEventJson : JsonSerializerContext;

/// <summary>The events of people, sessions and workspaces under their wire names. A name is never given to another shape.</summary>
public static class IdentityEventRegister
{
    private static IdentityEventJson Json => IdentityEventJson.Default;

    public static void AddTo(EventTypes types) => types
        .Add("person_signed_up", Json.PersonSignedUp)
        .Add("person_renamed", Json.PersonRenamed)
        .Add("person_email_changed", Json.PersonEmailChanged)
        .Add("password_changed", Json.PasswordChanged)
        .Add("signed_out_everywhere", Json.SignedOutEverywhere)
        .Add("workspace_entered", Json.WorkspaceEntered)
        .Add("external_account_linked", Json.ExternalAccountLinked)
        .Add("person_erased", Json.PersonErased)
        .Add("identifier_claimed", Json.IdentifierClaimed)
        .Add("identifier_released", Json.IdentifierReleased)
        .Add("session_started", Json.SessionStarted)
        .Add("session_switched", Json.SessionSwitched)
        .Add("session_ended", Json.SessionEnded)
        .Add("workspace_founded", Json.WorkspaceFounded)
        .Add("workspace_renamed", Json.WorkspaceRenamed)
        .Add("member_joined", Json.MemberJoined)
        .Add("member_role_changed", Json.MemberRoleChanged)
        .Add("member_removed", Json.MemberRemoved)
        .Add("invitation_sent", Json.InvitationSent)
        .Add("invitation_accepted", Json.InvitationAccepted)
        .Add("invitation_revoked", Json.InvitationRevoked)
        .Add("label_defined", Json.LabelDefined)
        .Add("label_changed", Json.LabelChanged)
        .Add("label_removed", Json.LabelRemoved)
        .Add("feature_switched", Json.FeatureSwitched)
        .Add("setting_changed", Json.SettingChanged)
        .Add("api_token_issued", Json.ApiTokenIssued)
        .Add("api_token_revoked", Json.ApiTokenRevoked)
        .Add("visibility_restricted", Json.VisibilityRestricted)
        .Add("visibility_granted", Json.VisibilityGranted)
        .Add("visibility_withdrawn", Json.VisibilityWithdrawn)
        .Add("visibility_opened", Json.VisibilityOpened);
}
