using System.Globalization;
using System.Text.Json;
using Events.Commands.Access;
using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.Secrets;
using Events.EventStore;
using Events.Messaging.Handlers;
using Events.Platform.Outbox;

namespace Events.Commands.People;

using Result = CommandResult<PersonState>;

/// <summary>A new person; every way in ends here.</summary>
/// <param name="PasswordHash">Null for who signs in by an identity provider.</param>
public sealed record NewPerson(Guid PersonId, string Name, EmailAddress Email, string? PasswordHash);

/// <summary>Carries out what happens to people as such.</summary>
public sealed class PersonCommands
{
    private readonly AggregateLoader<PersonState> people;
    private readonly AggregateLoader<IdentifierState> identifiers;
    private readonly AccessDirectory directory;
    private readonly Passwords passwords;
    private readonly SubjectKeys keys;
    private readonly IdentifierIndex index;
    private readonly CommandLoop<PersonState> loop;

    internal PersonCommands(
        AggregateLoader<PersonState> people,
        AggregateLoader<IdentifierState> identifiers,
        EventAppender appender,
        EventReader reader,
        AccessDirectory directory,
        Passwords passwords,
        SubjectKeys keys,
        IdentifierIndex index)
    {
        (this.people, this.identifiers, this.directory) = (people, identifiers, directory);
        (this.passwords, this.keys, this.index) = (passwords, keys, index);
        loop = new(IdentityAggregates.Person, people, appender, reader);
    }

    /// <summary>Whom an address leads to now: read from the stream, never from memory.</summary>
    public async Task<Guid?> FindByEmailAsync(EmailAddress email, CancellationToken ct) =>
        (await identifiers.ReloadAsync(PeopleTenant.Id, index.OfEmail(email.Value), ct)).State.PersonId;

    public async Task<Guid?> FindByExternalAccountAsync(string issuer, string subject, CancellationToken ct) =>
        (await identifiers.ReloadAsync(PeopleTenant.Id, index.OfExternalAccount(issuer, subject), ct)).State.PersonId;

    /// <summary>Refused with <c>email_taken</c> when the address leads to somebody already.</summary>
    public async Task<Result> SignUpAsync(NewPerson person, CancellationToken ct)
    {
        var claim = index.OfEmail(person.Email.Value);
        var (holder, version) = await identifiers.ReloadAsync(PeopleTenant.Id, claim, ct);
        if (ClaimIdentifier.Decide(holder, new(person.PersonId)) is not Decision.Accepted claimed)
            return EmailTaken;
        if (person.PasswordHash is { } hash)
            await passwords.StoreAsync(person.PersonId, hash, ct);
        var texts = await keys.SealNewAsync(person.PersonId, [person.Name, person.Email.Value], ct);
        var result = await RunAsync(
            person.PersonId,
            state => SignUp.Decide(state, new(texts[0], texts[1], claim)),
            [new StreamAppend(claim, IdentifierState.StreamType, ExpectedVersion.Exactly(version), claimed.Events)],
            ct);
        return result is Result.Refused { Code: "name_taken" } ? EmailTaken : result;
    }

    public async Task<Result> LinkExternalAccountAsync(Guid personId, string issuer, string subject, CancellationToken ct)
    {
        var claim = index.OfExternalAccount(issuer, subject);
        var (holder, version) = await identifiers.ReloadAsync(PeopleTenant.Id, claim, ct);
        if (ClaimIdentifier.Decide(holder, new(personId)) is not Decision.Accepted claimed)
            return new Result.Refused("identifier_taken", "This account belongs to somebody else here.", null);
        return await RunAsync(
            personId,
            state => LinkExternalAccount.Decide(state, new(claim)),
            [new StreamAppend(claim, IdentifierState.StreamType, ExpectedVersion.Exactly(version), claimed.Events)],
            ct);
    }

    public async Task<Result> RenameAsync(Guid personId, string name, CancellationToken ct) =>
        await keys.SealAsync(personId, name, ct) is { } text
            ? await RunAsync(personId, state => RenamePerson.Decide(state, new(text)), [], ct)
            : new Result.Refused("person_not_found", "There is no such person.", null);

    /// <summary>
    /// The new hash first, then the event that ends the sessions: who signed in by the old password in between was given a
    /// session of the old epoch.
    /// </summary>
    public async Task<Result> ChangePasswordAsync(Guid personId, string hash, CancellationToken ct)
    {
        await passwords.StoreAsync(personId, hash, ct);
        return await RunAsync(personId, ChangePassword.Decide, [], ct);
    }

    public Task<Result> SignOutEverywhereAsync(Guid personId, CancellationToken ct) => RunAsync(personId, SignOutEverywhere.Decide, [], ct);

    public Task<Result> EnterWorkspaceAsync(Guid personId, Guid workspaceId, CancellationToken ct) => RunAsync(personId, state => EnterWorkspace.Decide(state, new(workspaceId)), [], ct);

    /// <param name="idempotency">The key under which the answer is kept with the event.</param>
    public Task<Result> EnterWorkspaceAsync(Guid personId, Guid workspaceId, IdempotentRequest? idempotency, StoredAnswer answer, CancellationToken ct) =>
        RunAsync(personId, state => EnterWorkspace.Decide(state, new(workspaceId)), [], ct, idempotency: idempotency, answer: answer);

    /// <summary>The events of an erasure; <see cref="PersonErasure"/> does the rest.</summary>
    internal async Task<Result> EraseAsync(Guid personId, IReadOnlyList<Guid> ownedAlone, CancellationToken ct)
    {
        var (person, _) = await people.ReloadAsync(PeopleTenant.Id, personId, ct);
        List<StreamAppend> released = [];
        if (person.Active)
        {
            foreach (var claim in (Guid[])[person.EmailClaim, .. person.ExternalClaims])
            {
                var (holder, version) = await identifiers.ReloadAsync(PeopleTenant.Id, claim, ct);
                if (ReleaseIdentifier.Decide(holder, new(personId)) is Decision.Accepted accepted)
                    released.Add(new(claim, IdentifierState.StreamType, ExpectedVersion.Exactly(version), accepted.Events));
            }
        }
        var rest = new OutboxMessage(
            Guid.CreateVersion7(),
            PeopleTenant.Id,
            FinishErasure.MessageType,
            QueueSettings.Default,
            JsonSerializer.SerializeToUtf8Bytes(new FinishErasure(personId), IdentityMessageJson.Default.FinishErasure));
        return await RunAsync(personId, state => ErasePerson.Decide(state, new(ownedAlone)), released, ct, [rest]);
    }

    private async Task<Result> RunAsync(
        Guid personId, Func<PersonState, Decision> decide, IReadOnlyList<StreamAppend> others, CancellationToken ct, IReadOnlyList<OutboxMessage>? messages = null,
        IdempotentRequest? idempotency = null, StoredAnswer? answer = null)
    {
        var context = new CommandContext(PeopleTenant.Id, personId.ToString("D", CultureInfo.InvariantCulture))
        {
            TraceParent = System.Diagnostics.Activity.Current?.Id,
            Messages = messages ?? [],
            Idempotency = idempotency,
        };
        var result = await loop.RunAsync(context, personId, (state, _) => new(decide(state)), done => answer ?? NoAnswer(done), others, ct);
        directory.Forget(PeopleTenant.Id, personId);
        return result;
    }

    private static Result EmailTaken { get; } = new Result.Refused("email_taken", "This address signs in somebody already.", "/email");

    private static StoredAnswer NoAnswer(Result.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);
}
