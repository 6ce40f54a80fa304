using System.Collections.Immutable;
using System.Diagnostics;
using Events.Commands.Secrets;

namespace Events.Commands.People;

public sealed record PersonState
{
    public const string StreamType = "person_state";

    public static PersonState Initial { get; } = new();

    public bool Exists { get; init; }

    public bool Erased { get; init; }

    public SealedText? Name { get; init; }

    public SealedText? Email { get; init; }

    public Guid EmailClaim { get; init; }

    public ImmutableArray<Guid> ExternalClaims { get; init; } = [];

    /// <summary>Sessions that started in an earlier one are over.</summary>
    public int Epoch { get; init; }

    /// <summary>In the order of entering; may hold workspaces that the person is no member of (any more).</summary>
    public ImmutableArray<Guid> Workspaces { get; init; } = [];

    public bool Active => Exists && !Erased;

    public static PersonState Evolve(PersonState state, object @event) => @event switch
    {
        PersonSignedUp e => state with { Exists = true, Name = e.Name, Email = e.Email, EmailClaim = e.EmailClaim },
        PersonRenamed e => state with { Name = e.Name },
        PersonEmailChanged e => state with { Email = e.Email, EmailClaim = e.EmailClaim },
        PasswordChanged or SignedOutEverywhere => state with { Epoch = state.Epoch + 1 },
        WorkspaceEntered e => state with { Workspaces = state.Workspaces.Add(e.WorkspaceId) },
        ExternalAccountLinked e => state with { ExternalClaims = state.ExternalClaims.Add(e.Claim) },
        PersonErased => state with { Erased = true, Name = null, Email = null, Epoch = state.Epoch + 1 },
        _ => throw new UnreachableException($"A person has no {@event.GetType().Name}."),
    };
}

/// <summary>An e-mail address or an account at an identity provider, and whom it leads to.</summary>
public sealed record IdentifierState(Guid? PersonId)
{
    public const string StreamType = "identifier_state";

    public static IdentifierState Initial { get; } = new(PersonId: null);

    public static IdentifierState Evolve(IdentifierState state, object @event) => @event switch
    {
        IdentifierClaimed e => new(e.PersonId),
        IdentifierReleased => Initial,
        _ => throw new UnreachableException($"An identifier has no {@event.GetType().Name}."),
    };
}

public sealed record SessionState
{
    public const string StreamType = "session_state";

    public static SessionState Initial { get; } = new();

    public Guid PersonId { get; init; }

    public int Epoch { get; init; }

    public Guid? WorkspaceId { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    public bool Ended { get; init; }

    public static SessionState Evolve(SessionState state, object @event) => @event switch
    {
        SessionStarted e => new() { PersonId = e.PersonId, Epoch = e.Epoch, WorkspaceId = e.WorkspaceId, ExpiresAt = e.ExpiresAt },
        SessionSwitched e => state with { WorkspaceId = e.WorkspaceId },
        SessionEnded => state with { Ended = true },
        _ => throw new UnreachableException($"A session has no {@event.GetType().Name}."),
    };

    /// <summary>Whether the session still speaks for the person.</summary>
    public bool IsLive(PersonState person, DateTimeOffset now) =>
        PersonId != Guid.Empty && !Ended && person.Active && person.Epoch == Epoch && now < ExpiresAt;
}
