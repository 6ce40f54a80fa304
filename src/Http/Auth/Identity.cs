using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.Platform.Tenancy;

namespace Events.Http.Auth;

/// <summary>What a request's credentials prove.</summary>
internal abstract record Identity
{
    /// <summary>None were sent, or they prove nothing (any more).</summary>
    public sealed record Stranger(TenantId? Claimed) : Identity;

    /// <param name="Caller">Null when the person is in no workspace, or not in the one that the request names.</param>
    public sealed record Person(SignedInPerson SignedIn, Caller? Caller) : Identity;

    public sealed record Program(Caller Caller) : Identity;

    public static Stranger Nobody { get; } = new(Claimed: null);
}

/// <summary>A token's place, and the caller that it made last, which holds while the states that it was made of do.</summary>
internal sealed class KnownToken(TenantId tenant, Guid tokenId)
{
    private Made? made;

    public TenantId Tenant => tenant;

    public Guid TokenId => tokenId;

    public Caller? CallerFrom(WorkspaceState workspace, PersonState person, PermissionSet extra, DateTimeOffset now)
    {
        var last = made;
        if (last is null || !ReferenceEquals(last.Workspace, workspace) || !ReferenceEquals(last.Person, person))
            made = last = Make(workspace, person, extra);
        return last.Caller is not null && now < last.ExpiresAt ? last.Caller : null;
    }

    private Made Make(WorkspaceState workspace, PersonState person, PermissionSet extra)
    {
        if (!workspace.Tokens.TryGetValue(tokenId, out var token) || workspace.RoleOf(token.PersonId) is not { } role || !person.Active)
            return new(workspace, person, default, null);
        var permissions = RolePermissions.Of(role).Or(extra).And(PermissionSet.Of(token.Scopes));
        var caller = new Caller(tenant, token.PersonId.ToString("D"), token.PersonId, permissions, workspace.HiddenFrom(token.PersonId)) { TokenId = tokenId };
        return new(workspace, person, token.ExpiresAt, caller);
    }

    private sealed record Made(WorkspaceState Workspace, PersonState Person, DateTimeOffset ExpiresAt, Caller? Caller);
}

internal sealed record KnownSession(Guid SessionId);
