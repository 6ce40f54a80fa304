using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.People;

/// <param name="Token">The API token's secret; shown here and never again.</param>
public sealed record Founded(Guid WorkspaceId, Guid PersonId, string? Token);

/// <summary>Sets up a workspace with its owner, and a token for programs where one is wanted: what a demo or a first start needs.</summary>
public sealed class Founding
{
    private readonly PersonCommands people;
    private readonly WorkspaceCommands workspaces;
    private readonly PasswordHasher hasher;
    private readonly TimeProvider time;

    internal Founding(PersonCommands people, WorkspaceCommands workspaces, PasswordHasher hasher, TimeProvider time) =>
        (this.people, this.workspaces, this.hasher, this.time) = (people, workspaces, hasher, time);

    /// <summary>A new person with a new workspace and a token that may all that its owner may, operating included where the owner is an operator.</summary>
    /// <exception cref="InvalidOperationException">The address is taken.</exception>
    public async Task<Founded> FoundAsync(string workspaceName, string ownerName, EmailAddress email, string password, CancellationToken ct)
    {
        var personId = Guid.CreateVersion7(time.GetUtcNow());
        var hash = await hasher.HashAsync(password, ct);
        if (await people.SignUpAsync(new(personId, ownerName, email, hash), ct) is not CommandResult<PersonState>.Done)
            throw new InvalidOperationException($"{email} could not sign up.");
        var workspaceId = await FoundAsync(personId, workspaceName, ct)
            ?? throw new InvalidOperationException($"{email} could not found a workspace.");
        return new(workspaceId, personId, await IssueTokenAsync(workspaceId, personId, "demo", RolePermissions.Of(WorkspaceRole.Owner).Or(RolePermissions.Operator), ct));
    }

    /// <summary>A new workspace of an existing person; null when they are in too many.</summary>
    public async Task<Guid?> FoundAsync(Guid personId, string workspaceName, CancellationToken ct)
    {
        var workspaceId = Guid.CreateVersion7(time.GetUtcNow());
        // The person's list first: it may hold a workspace too many, never one too few.
        if (await people.EnterWorkspaceAsync(personId, workspaceId, ct) is not CommandResult<PersonState>.Done)
            return null;
        await workspaces.RunAsync(ContextOf(workspaceId, personId), new FoundWorkspace(workspaceName, personId), NoAnswer, ct);
        return workspaceId;
    }

    /// <summary>The same under a key: a repeat is answered as the first time, and ends what the first may have left undone.</summary>
    /// <param name="answer">From the workspace's id.</param>
    /// <param name="workspaceOf">The id, from such an answer.</param>
    /// <returns>The answer of the first time; null with the refusal.</returns>
    public async Task<(StoredAnswer? Answer, CommandResult<PersonState> Result)> FoundAsync(
        Guid personId, string workspaceName, IdempotentRequest? idempotency, Func<Guid, StoredAnswer> answer, Func<StoredAnswer, Guid> workspaceOf, CancellationToken ct)
    {
        var made = answer(Guid.CreateVersion7(time.GetUtcNow()));
        var result = await people.EnterWorkspaceAsync(personId, workspaceOf(made), idempotency, made, ct);
        if (result is CommandResult<PersonState>.Replayed replayed)
            made = replayed.Answer;
        else if (result is not CommandResult<PersonState>.Done)
            return (null, result);
        await workspaces.RunAsync(ContextOf(workspaceOf(made), personId), new FoundWorkspace(workspaceName, personId), NoAnswer, ct);
        return (made, result);
    }

    /// <returns>The secret.</returns>
    public async Task<string> IssueTokenAsync(Guid workspaceId, Guid personId, string name, PermissionSet scopes, CancellationToken ct)
    {
        var secret = TokenSecret.New(TokenSecret.ApiToken);
        var command = new IssueApiToken(Guid.CreateVersion7(time.GetUtcNow()), personId, name, [.. scopes.Names], time.GetUtcNow() + WorkspaceLimits.TokenLifetime);
        var result = await workspaces.RunAsync(ContextOf(workspaceId, personId), command, TokenSecret.Hash(secret), scopes, NoAnswer, ct);
        return result is CommandResult<WorkspaceState>.Done ? secret : throw new InvalidOperationException($"The token was answered {result}.");
    }

    private static CommandContext ContextOf(Guid workspaceId, Guid personId) => new(new TenantId(workspaceId), personId.ToString("D"));

    private static StoredAnswer NoAnswer(CommandResult<WorkspaceState>.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);
}
