using System.Text.Json.Serialization;
using Events.Commands.Secrets;

namespace Events.Commands.People;

// What happens to people, their sessions and the identifiers that they sign in by. These streams belong to no workspace but to
// People.Tenant. What says who a person is stands here only sealed; passwords, cookies and tokens do not stand here at all.

/// <param name="EmailClaim">Stream in which the address is claimed.</param>
public sealed record PersonSignedUp(SealedText Name, SealedText Email, Guid EmailClaim);

public sealed record PersonRenamed(SealedText Name);

public sealed record PersonEmailChanged(SealedText Email, Guid EmailClaim);

/// <summary>Ends all sessions that were started before.</summary>
public sealed record PasswordChanged;

/// <summary>Ends all sessions that were started before.</summary>
public sealed record SignedOutEverywhere;

/// <summary>
/// The person is about to be a member, or is one: the list to look through for memberships. Whether it is one, and as what,
/// the workspace says.
/// </summary>
public sealed record WorkspaceEntered(Guid WorkspaceId);

/// <param name="Claim">Stream in which the account at the identity provider is claimed.</param>
public sealed record ExternalAccountLinked(Guid Claim);

/// <summary>The person's key is destroyed with this: what is sealed under it is noise from now on.</summary>
public sealed record PersonErased;

/// <summary>In an identifier's own stream: it now leads to this person.</summary>
public sealed record IdentifierClaimed(Guid PersonId);

public sealed record IdentifierReleased;

/// <summary>How somebody proved to be who they are.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SignInMethod>))]
public enum SignInMethod
{
    [JsonStringEnumMemberName("password")]
    Password,

    [JsonStringEnumMemberName("mail")]
    Mail,

    [JsonStringEnumMemberName("openid_connect")]
    OpenIdConnect,
}

/// <param name="Epoch">Of the person at that moment: when the person's moves on, the session is over.</param>
/// <param name="WorkspaceId">The workspace that requests are about; null when the person has none.</param>
public sealed record SessionStarted(Guid PersonId, int Epoch, Guid? WorkspaceId, SignInMethod Method, DateTimeOffset ExpiresAt);

public sealed record SessionSwitched(Guid WorkspaceId);

public sealed record SessionEnded;
