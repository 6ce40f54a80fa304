using System.Text.Json;
using System.Text.Json.Serialization;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.EventStore;
using Events.Platform.Outbox;
using Microsoft.Extensions.Options;

namespace Events.Commands.Mail;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SendMail))]
public sealed partial class MailJson : JsonSerializerContext;

/// <summary>Puts mails into the outbox.</summary>
internal sealed class Mailing(EventAppender appender, SubjectKeys keys, IOptions<IdentityOptions> options, TimeProvider time)
{
    /// <param name="subject">Whose key the mail is sealed under.</param>
    /// <param name="newSubject">Whether that key is made with this.</param>
    public async Task SendAsync(Guid subject, bool newSubject, EmailAddress to, string headline, string text, CancellationToken ct)
    {
        var texts = newSubject
            ? await keys.SealNewAsync(subject, [to.Value, text], ct)
            : [await SealAsync(subject, to.Value, ct), await SealAsync(subject, text, ct)];
        var mail = new SendMail(texts[0], headline, texts[1]);
        var message = new OutboxMessage(
            Guid.CreateVersion7(time.GetUtcNow()), PeopleTenant.Id, SendMail.MessageType, SendMail.Queue, JsonSerializer.SerializeToUtf8Bytes(mail, MailJson.Default.SendMail));
        var outcome = await appender.AppendAsync(new UnitOfWork(PeopleTenant.Id, []) { Messages = [message] }, ct);
        if (outcome is not AppendOutcome.Appended)
            throw new InvalidOperationException($"A mail was answered {outcome.GetType().Name}.");
    }

    public string Link(string path, string secret) => $"{options.Value.PublicUrl?.TrimEnd('/')}{path}#{secret}";

    private async Task<SealedText> SealAsync(Guid subject, string text, CancellationToken ct) =>
        await keys.SealAsync(subject, text, ct) ?? throw new InvalidOperationException("The mail's subject was erased.");
}
