using Events.Commands.Deciding;

namespace Events.Commands.Workspaces;

public sealed record RestrictProject(Guid ProjectId, IReadOnlyList<Guid> PersonIds)
{
    internal static Decision Decide(WorkspaceState state, RestrictProject command)
    {
        if (!state.Exists)
            return WorkspaceRefusals.NoWorkspace;
        if (command.PersonIds.Any(person => state.RoleOf(person) is null))
            return WorkspaceRefusals.NoSuchPeople;
        if (!state.RestrictedProjects.TryGetValue(command.ProjectId, out var now))
        {
            return state.RestrictedProjects.Count >= WorkspaceLimits.RestrictedProjects
                ? WorkspaceRefusals.TooMany("restricted projects", WorkspaceLimits.RestrictedProjects)
                : Decision.Accept(new VisibilityRestricted(command.ProjectId, [.. command.PersonIds.Distinct()]));
        }
        List<object> changes =
        [
            .. now.Except(command.PersonIds).Order().Select(person => new VisibilityWithdrawn(command.ProjectId, person)),
            .. command.PersonIds.Distinct().Where(person => !now.Contains(person)).Select(person => new VisibilityGranted(command.ProjectId, person)),
        ];
        return changes.Count == 0 ? Decision.Nothing : Decision.Accept(changes);
    }
}

public sealed record OpenProject(Guid ProjectId)
{
    internal static Decision Decide(WorkspaceState state, OpenProject command) =>
        state.RestrictedProjects.ContainsKey(command.ProjectId) ? Decision.Accept(new VisibilityOpened(command.ProjectId)) : Decision.Nothing;
}
