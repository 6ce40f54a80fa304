using Events.Commands.People;
using Events.Commands.Workspaces;
using Events.EventStore;

namespace Events.Commands.Access;

public static class IdentityAggregates
{
    public static AggregateDefinition<PersonState> Person { get; } = new(PersonState.StreamType, PersonState.Initial, PersonState.Evolve);

    public static AggregateDefinition<SessionState> Session { get; } = new(SessionState.StreamType, SessionState.Initial, SessionState.Evolve);

    public static AggregateDefinition<IdentifierState> Identifier { get; } = new(IdentifierState.StreamType, IdentifierState.Initial, IdentifierState.Evolve);

    public static AggregateDefinition<WorkspaceState> Workspace { get; } = new(WorkspaceState.StreamType, WorkspaceState.Initial, WorkspaceState.Evolve);
}
