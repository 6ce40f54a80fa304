using System.Net.Mail;
using Events.Commands.Mail;
using Events.Commands.Secrets;
using Events.Messaging.Handlers;
using Events.Messaging.Retrying;

namespace Events.Workers.Mail;

/// <summary>Delivers the mails that sign-up, invitations and password resets put into the outbox.</summary>
internal sealed class SendMailHandler(SubjectKeys keys, MailSender sender) : IMessageHandler<SendMail>
{
    public async Task Handle(SendMail message, MessageContext context, CancellationToken ct)
    {
        // Erased meanwhile: nobody is left to write to.
        if (await keys.OpenAsync(message.To, ct) is not { } to || await keys.OpenAsync(message.Text, ct) is not { } text)
            return;
        try
        {
            await sender.SendAsync(new OutgoingMail(context.IdempotencyKey, to, message.Subject, text), ct);
        }
        catch (SmtpException refused) when (MailSender.IsHopeless(refused))
        {
            throw new PermanentFailureException($"The mail server refused the mail: {refused.StatusCode}.");
        }
    }
}
