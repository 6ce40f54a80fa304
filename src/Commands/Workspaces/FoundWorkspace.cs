using Events.Commands.Deciding;

namespace Events.Commands.Workspaces;

public sealed record FoundWorkspace(string Name, Guid OwnerId)
{
    internal static Decision Decide(WorkspaceState state, FoundWorkspace command) => state.Exists
        ? Decision.Nothing
        : Decision.Accept(new WorkspaceFounded(command.Name), new MemberJoined(command.OwnerId, WorkspaceRole.Owner, InvitationId: null));
}

public sealed record RenameWorkspace(string Name)
{
    internal static Decision Decide(WorkspaceState state, RenameWorkspace command)
    {
        if (!state.Exists)
            return WorkspaceRefusals.NoWorkspace;
        return state.Name == command.Name ? Decision.Nothing : Decision.Accept(new WorkspaceRenamed(command.Name));
    }
}
