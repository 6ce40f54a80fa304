using Events.Commands.Secrets;

namespace Events.Commands.Mail;

/// <summary>
/// A mail on its way: a message in the outbox of what causes it. Address and text are sealed, so that neither an address nor a
/// link that signs somebody in can be read from the queue; when the key is gone by the time of sending, the mail is dropped.
/// </summary>
/// <param name="Subject">The headline; holds nothing personal.</param>
/// <param name="Text">Plain text, with the link.</param>
public sealed record SendMail(SealedText To, string Subject, SealedText Text)
{
    public const string MessageType = "send_mail";

    public const string Queue = "mail";
}
