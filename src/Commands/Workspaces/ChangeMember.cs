using Events.Commands.Deciding;

namespace Events.Commands.Workspaces;

public sealed record ChangeMemberRole(Guid PersonId, WorkspaceRole Role, Guid By)
{
    internal static Decision Decide(WorkspaceState state, ChangeMemberRole command)
    {
        if (state.RoleOf(command.PersonId) is not { } from)
            return WorkspaceRefusals.NoMember;
        if (state.RoleOf(command.By) is not { } own || from > own || command.Role > own)
            return WorkspaceRefusals.AboveOwnRole;
        if (from == command.Role)
            return Decision.Nothing;
        return from == WorkspaceRole.Owner && state.Owners == 1
            ? WorkspaceRefusals.LastOwner
            : Decision.Accept(new MemberRoleChanged(command.PersonId, from, command.Role));
    }
}

/// <summary>Anybody may leave; to remove another takes a role at least as high as theirs.</summary>
public sealed record RemoveMember(Guid PersonId, Guid By)
{
    internal static Decision Decide(WorkspaceState state, RemoveMember command)
    {
        if (state.RoleOf(command.PersonId) is not { } role)
            return WorkspaceRefusals.NoMember;
        if (command.By != command.PersonId && (state.RoleOf(command.By) is not { } own || role > own))
            return WorkspaceRefusals.AboveOwnRole;
        return role == WorkspaceRole.Owner && state.Owners == 1
            ? WorkspaceRefusals.LastOwner
            : Decision.Accept(new MemberRemoved(command.PersonId));
    }
}
