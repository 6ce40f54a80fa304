using Events.Commands.Access;
using Events.Commands.Secrets;

namespace Events.Commands.People;

/// <summary>Checks passwords. Every refusal takes the same steps and says the same.</summary>
public sealed class SignIns
{
    private readonly PersonCommands people;
    private readonly SessionCommands sessions;
    private readonly Passwords passwords;
    private readonly PasswordHasher hasher;
    private readonly AccessDirectory directory;

    internal SignIns(PersonCommands people, SessionCommands sessions, Passwords passwords, PasswordHasher hasher, AccessDirectory directory)
    {
        (this.people, this.sessions, this.passwords) = (people, sessions, passwords);
        (this.hasher, this.directory) = (hasher, directory);
    }

    /// <returns>Null when address and password do not belong together, whatever the reason.</returns>
    /// <exception cref="PasswordHasherBusyException">Too many passwords wait to be checked.</exception>
    public async Task<StartedSession?> SignInAsync(EmailAddress email, string password, Guid? workspaceId, CancellationToken ct)
    {
        var known = await people.FindByEmailAsync(email, ct);
        // A stranger's address costs the same look-ups and the same stretching as a wrong password.
        var personId = known ?? Guid.NewGuid();
        var person = await directory.PersonAsync(personId, ct);
        if (!await IsPasswordAsync(personId, password, ct) || known is null || !person.Active)
            return null;
        return await sessions.StartAsync(personId, person.Epoch, SignInMethod.Password, await HomeOfAsync(personId, person, workspaceId, ct), ct);
    }

    public async Task<bool> IsPasswordAsync(Guid personId, string password, CancellationToken ct)
    {
        var hash = await passwords.FindAsync(personId, ct);
        var check = await hasher.CheckAsync(password, hash, ct);
        if (check == PasswordCheck.RightAtAnotherCost)
            await passwords.RehashAsync(personId, hash!, await hasher.HashAsync(password, ct), ct);
        return check != PasswordCheck.Wrong;
    }

    /// <summary>The wanted workspace, else the first that the person is in.</summary>
    public async Task<Guid?> HomeOfAsync(Guid personId, PersonState person, Guid? wanted, CancellationToken ct)
    {
        foreach (var workspaceId in (IEnumerable<Guid>)[.. wanted is { } first ? [first] : Array.Empty<Guid>(), .. person.Workspaces])
        {
            if ((await directory.WorkspaceAsync(new(workspaceId), ct)).RoleOf(personId) is not null)
                return workspaceId;
        }
        return null;
    }
}
