using Events.Commands.Deciding;
using Events.Commands.Secrets;

namespace Events.Commands.Workspaces;

/// <param name="InviteeId">The person that the address leads to already, if any.</param>
public sealed record InviteMember(
    Guid InvitationId, SealedText Email, Guid EmailIndex, Guid? InviteeId, WorkspaceRole Role, Guid InvitedBy, DateTimeOffset ExpiresAt)
{
    internal static Decision Decide(WorkspaceState state, InviteMember command, DateTimeOffset now)
    {
        if (!state.Exists)
            return WorkspaceRefusals.NoWorkspace;
        if (state.RoleOf(command.InvitedBy) is not { } own || command.Role > own)
            return WorkspaceRefusals.AboveOwnRole;
        if (command.InviteeId is { } invitee && state.RoleOf(invitee) is not null)
            return Decision.Refuse("already_a_member", "This person is a member already.", "/email");
        var before = state.Invitations.Values.FirstOrDefault(open => open.EmailIndex == command.EmailIndex);
        if (before is null && state.Invitations.Values.Count(open => open.ExpiresAt > now) >= WorkspaceLimits.OpenInvitations)
            return WorkspaceRefusals.TooMany("open invitations", WorkspaceLimits.OpenInvitations);
        var sent = new InvitationSent(
            command.InvitationId, command.Email, command.EmailIndex, command.Role, command.InvitedBy, command.ExpiresAt);
        return before is null ? Decision.Accept(sent) : Decision.Accept(new InvitationRevoked(before.Id), sent);
    }
}

public sealed record RevokeInvitation(Guid InvitationId)
{
    internal static Decision Decide(WorkspaceState state, RevokeInvitation command) =>
        state.Invitations.ContainsKey(command.InvitationId) ? Decision.Accept(new InvitationRevoked(command.InvitationId)) : WorkspaceRefusals.NoInvitation;
}

public sealed record AcceptInvitation(Guid InvitationId, Guid PersonId)
{
    internal static Decision Decide(WorkspaceState state, AcceptInvitation command, DateTimeOffset now)
    {
        if (!state.Invitations.TryGetValue(command.InvitationId, out var invitation) || invitation.ExpiresAt <= now)
            return WorkspaceRefusals.NoInvitation;
        var accepted = new InvitationAccepted(command.InvitationId, command.PersonId);
        if (state.RoleOf(command.PersonId) is not null)
            return Decision.Accept(accepted);
        return state.Members.Count >= WorkspaceLimits.Members
            ? WorkspaceRefusals.TooMany("members", WorkspaceLimits.Members)
            : Decision.Accept(accepted, new MemberJoined(command.PersonId, invitation.Role, command.InvitationId));
    }
}
