using Events.Commands.Deciding;
using Events.Commands.Permissions;

namespace Events.Commands.Workspaces;

/// <param name="PersonId">Whom the token speaks for; it never may more than that member may at the time of use.</param>
public sealed record IssueApiToken(Guid TokenId, Guid PersonId, string Name, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt)
{
    /// <param name="mayGrant">What the caller may do itself: a token cannot make a stronger one.</param>
    internal static Decision Decide(WorkspaceState state, IssueApiToken command, PermissionSet mayGrant, DateTimeOffset now)
    {
        if (state.RoleOf(command.PersonId) is null)
            return WorkspaceRefusals.NoMember;
        if (command.ExpiresAt <= now || command.ExpiresAt - now > WorkspaceLimits.TokenLifetime)
            return Decision.Refuse("bad_expiry", $"A token lives at most {WorkspaceLimits.TokenLifetime.TotalDays} days.", "/expiresAt");
        if (command.Scopes.FirstOrDefault(scope => Permission.BitOf(scope) < 0) is { } unknown)
            return Decision.Refuse("unknown_scope", $"There is no scope {unknown}.", "/scopes");
        if (!mayGrant.Covers(PermissionSet.Of(command.Scopes)))
            return Decision.Refuse("scope_above_own", "A token holds no scope that you do not hold.", "/scopes");
        return state.Tokens.Values.Count(token => token.ExpiresAt > now) >= WorkspaceLimits.Tokens
            ? WorkspaceRefusals.TooMany("tokens", WorkspaceLimits.Tokens)
            : Decision.Accept(new ApiTokenIssued(command.TokenId, command.PersonId, command.Name, command.Scopes, command.ExpiresAt));
    }
}

/// <summary>Members revoke their own tokens, admins and owners everybody's.</summary>
public sealed record RevokeApiToken(Guid TokenId, Guid By)
{
    internal static Decision Decide(WorkspaceState state, RevokeApiToken command)
    {
        // Another member's token is not found rather than forbidden: its id says nothing.
        if (!state.Tokens.TryGetValue(command.TokenId, out var token)
            || (token.PersonId != command.By && state.RoleOf(command.By) is not (WorkspaceRole.Admin or WorkspaceRole.Owner)))
        {
            return WorkspaceRefusals.NoToken;
        }
        return Decision.Accept(new ApiTokenRevoked(command.TokenId));
    }
}
