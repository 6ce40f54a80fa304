using System.Text.Json;
using Events.Commands.Handling;
using Events.Commands.Mail;
using Events.Commands.Secrets;

namespace Events.Commands.People;

/// <summary>A new password for who reads the address's mail.</summary>
public sealed class PasswordResets
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement.Clone();

    private readonly PersonCommands people;
    private readonly PasswordHasher hasher;
    private readonly MailTokens tokens;
    private readonly Mailing mailing;

    internal PasswordResets(PersonCommands people, PasswordHasher hasher, MailTokens tokens, Mailing mailing) =>
        (this.people, this.hasher, this.tokens, this.mailing) = (people, hasher, tokens, mailing);

    /// <summary>Mails a link when the address is somebody's. The caller answers the same either way, and as late.</summary>
    public async Task RequestAsync(EmailAddress email, CancellationToken ct)
    {
        if (await people.FindByEmailAsync(email, ct) is not { } personId)
            return;
        var secret = await tokens.IssueAsync(MailTokenPurpose.PasswordReset, new(personId, Tenant: null, Nothing), Lifetime, ct);
        await mailing.SendAsync(
            personId, newSubject: false, email, "Set a new password",
            $"This link sets a new password and works for an hour: {mailing.Link("/reset", secret)}\nIf you did not ask for it, nothing changes.", ct);
    }

    /// <returns>The person whose password it is now; null when the link is unknown, used or expired.</returns>
    public async Task<(Guid PersonId, CommandResult<PersonState> Result)?> ResetAsync(string secret, string password, CancellationToken ct)
    {
        if (await tokens.FindAsync(MailTokenPurpose.PasswordReset, secret, ct) is null)
            return null;
        var hash = await hasher.HashAsync(password, ct);
        if (await tokens.TakeAsync(MailTokenPurpose.PasswordReset, secret, ct) is not { } token)
            return null;
        return (token.Subject, await people.ChangePasswordAsync(token.Subject, hash, ct));
    }

    public async Task<CommandResult<PersonState>> ChangeAsync(Guid personId, string password, CancellationToken ct) =>
        await people.ChangePasswordAsync(personId, await hasher.HashAsync(password, ct), ct);
}
