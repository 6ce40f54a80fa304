using Events.Commands.Deciding;
using Events.Commands.Secrets;

namespace Events.Commands.People;

public sealed record SignUp(SealedText Name, SealedText Email, Guid EmailClaim)
{
    internal static Decision Decide(PersonState state, SignUp command) => state.Exists
        ? Decision.Refuse("already_signed_up", "This person has signed up already.")
        : Decision.Accept(new PersonSignedUp(command.Name, command.Email, command.EmailClaim));
}

public sealed record ClaimIdentifier(Guid PersonId)
{
    internal static Decision Decide(IdentifierState state, ClaimIdentifier command) => state.PersonId switch
    {
        null => Decision.Accept(new IdentifierClaimed(command.PersonId)),
        var other when other == command.PersonId => Decision.Nothing,
        _ => Decision.Refuse("identifier_taken", "Somebody else signs in by this.", "/email"),
    };
}

public sealed record ReleaseIdentifier(Guid PersonId)
{
    internal static Decision Decide(IdentifierState state, ReleaseIdentifier command) =>
        state.PersonId == command.PersonId ? Decision.Accept(new IdentifierReleased()) : Decision.Nothing;
}

public sealed record RenamePerson(SealedText Name)
{
    internal static Decision Decide(PersonState state, RenamePerson command) =>
        state.Active ? Decision.Accept(new PersonRenamed(command.Name)) : PersonRefusals.Gone;
}

public sealed record ChangePassword
{
    internal static Decision Decide(PersonState state) => state.Active ? Decision.Accept(new PasswordChanged()) : PersonRefusals.Gone;
}

public sealed record SignOutEverywhere
{
    internal static Decision Decide(PersonState state) => state.Active ? Decision.Accept(new SignedOutEverywhere()) : PersonRefusals.Gone;
}

public sealed record EnterWorkspace(Guid WorkspaceId)
{
    public const int MaxWorkspaces = 200;

    internal static Decision Decide(PersonState state, EnterWorkspace command)
    {
        if (!state.Active)
            return PersonRefusals.Gone;
        if (state.Workspaces.Contains(command.WorkspaceId))
            return Decision.Nothing;
        return state.Workspaces.Length >= MaxWorkspaces
            ? Decision.Refuse("too_many_workspaces", $"A person enters at most {MaxWorkspaces} workspaces.")
            : Decision.Accept(new WorkspaceEntered(command.WorkspaceId));
    }
}

public sealed record LinkExternalAccount(Guid Claim)
{
    internal static Decision Decide(PersonState state, LinkExternalAccount command)
    {
        if (!state.Active)
            return PersonRefusals.Gone;
        return state.ExternalClaims.Contains(command.Claim) ? Decision.Nothing : Decision.Accept(new ExternalAccountLinked(command.Claim));
    }
}

/// <param name="OwnedAlone">Workspaces whose only owner the person is.</param>
public sealed record ErasePerson(IReadOnlyList<Guid> OwnedAlone)
{
    internal static Decision Decide(PersonState state, ErasePerson command)
    {
        if (!state.Exists)
            return PersonRefusals.Gone;
        if (state.Erased)
            return Decision.Nothing;
        return command.OwnedAlone.Count > 0
            ? Decision.Refuse("last_owner", $"Make somebody else an owner first of: {string.Join(", ", command.OwnedAlone)}.")
            : Decision.Accept(new PersonErased());
    }
}

public sealed record SwitchWorkspace(Guid WorkspaceId)
{
    /// <param name="isMember">Whether the workspace has the session's person.</param>
    internal static Decision Decide(SessionState state, SwitchWorkspace command, bool isMember)
    {
        if (state.Ended || !isMember)
            return Decision.Refuse("not_a_member", "You are no member of this workspace.", "/workspaceId");
        return state.WorkspaceId == command.WorkspaceId ? Decision.Nothing : Decision.Accept(new SessionSwitched(command.WorkspaceId));
    }
}

public sealed record EndSession
{
    internal static Decision Decide(SessionState state) =>
        state.PersonId == Guid.Empty || state.Ended ? Decision.Nothing : Decision.Accept(new SessionEnded());
}

internal static class PersonRefusals
{
    public static Decision Gone { get; } = Decision.Refuse("person_not_found", "There is no such person.");
}
