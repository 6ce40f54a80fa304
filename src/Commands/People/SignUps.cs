using System.Text.Json;
using Events.Commands.Handling;
using Events.Commands.Mail;
using Events.Commands.Secrets;
using Microsoft.Extensions.Options;

namespace Events.Commands.People;

/// <summary>
/// Signing up. With confirmation an address is claimed only by who reads its mail, so nobody can take another's, and the
/// answer is the same whether the address is known or not.
/// </summary>
public sealed class SignUps
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(2);

    private readonly PersonCommands people;
    private readonly SubjectKeys keys;
    private readonly PasswordHasher hasher;
    private readonly MailTokens tokens;
    private readonly Mailing mailing;
    private readonly IdentityOptions options;
    private readonly TimeProvider time;

    internal SignUps(
        PersonCommands people, SubjectKeys keys, PasswordHasher hasher, MailTokens tokens, Mailing mailing, IOptions<IdentityOptions> options, TimeProvider time)
    {
        (this.people, this.keys, this.hasher, this.tokens) = (people, keys, hasher, tokens);
        (this.mailing, this.options, this.time) = (mailing, options.Value, time);
    }

    public bool AreOpen => options.SignUp;

    public bool NeedConfirmation => options.ConfirmEmail;

    /// <summary>Sends a link that ends the sign-up, or tells the address's owner that there is an account already.</summary>
    public async Task RequestAsync(string name, EmailAddress email, string password, CancellationToken ct)
    {
        var hash = await hasher.HashAsync(password, ct);
        if (await people.FindByEmailAsync(email, ct) is { } known)
        {
            await mailing.SendAsync(
                known, newSubject: false, email, "You have an account already",
                $"Somebody, perhaps you, tried to sign up with this address. You have an account: sign in, or set a new password here: {mailing.Link("/reset", "")}", ct);
            return;
        }
        var personId = Guid.CreateVersion7(time.GetUtcNow());
        var texts = await keys.SealNewAsync(personId, [name, email.Value], ct);
        var body = JsonSerializer.SerializeToElement(new PendingSignUp(texts[0], texts[1], hash), PendingJson.Default.PendingSignUp);
        var secret = await tokens.IssueAsync(MailTokenPurpose.SignUp, new(personId, Tenant: null, body), Lifetime, ct);
        await mailing.SendAsync(
            personId, newSubject: false, email, "Confirm your address", $"Welcome. This link ends your sign-up and works for two days: {mailing.Link("/confirm", secret)}", ct);
    }

    /// <returns>The new person; null when the link is unknown, used or expired.</returns>
    public async Task<(Guid PersonId, CommandResult<PersonState> Result)?> ConfirmAsync(string secret, CancellationToken ct)
    {
        if (await tokens.TakeAsync(MailTokenPurpose.SignUp, secret, ct) is not { } token)
            return null;
        var pending = token.Body.Deserialize(PendingJson.Default.PendingSignUp)!;
        if (await keys.OpenAsync(pending.Email, ct) is not { } text || !EmailAddress.TryParse(text, out var email) || await keys.OpenAsync(pending.Name, ct) is not { } name)
            return null;
        return (token.Subject, await people.SignUpAsync(new(token.Subject, name, email.Value, pending.PasswordHash), ct));
    }

    /// <summary>Without confirmation: the account is there at once, and a taken address is refused.</summary>
    public async Task<(Guid PersonId, CommandResult<PersonState> Result)> SignUpAtOnceAsync(string name, EmailAddress email, string password, CancellationToken ct)
    {
        var hash = await hasher.HashAsync(password, ct);
        var personId = Guid.CreateVersion7(time.GetUtcNow());
        return (personId, await people.SignUpAsync(new(personId, name, email, hash), ct));
    }
}

internal sealed record PendingSignUp(SealedText Name, SealedText Email, string PasswordHash);

[System.Text.Json.Serialization.JsonSerializable(typeof(PendingSignUp))]
internal sealed partial class PendingJson : System.Text.Json.Serialization.JsonSerializerContext;
