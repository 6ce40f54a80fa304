using System.Net;
using System.Net.Mail;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Events.Workers.Mail;

/// <param name="MessageId">Stable: a repeated delivery carries the same, and mail programs show one mail.</param>
/// <param name="Text">Plain text.</param>
public sealed record OutgoingMail(string MessageId, string To, string Subject, string Text);

/// <summary>Delivers mail by SMTP, or into a folder where no server is configured.</summary>
public sealed class MailSender(IOptions<MailOptions> options, IConfiguration configuration)
{
    private const int MaxSubject = 200;

    /// <exception cref="SmtpException">The server is not there or refused; <see cref="IsHopeless"/> tells whether for good.</exception>
    public async Task SendAsync(OutgoingMail mail, CancellationToken ct)
    {
        var settings = options.Value;
        var from = new MailAddress(settings.From);
        using var message = new MailMessage(from, new MailAddress(mail.To))
        {
            Subject = OneLine(mail.Subject),
            SubjectEncoding = Encoding.UTF8,
            Body = mail.Text,
            BodyEncoding = Encoding.UTF8,
            Headers = { ["Message-ID"] = $"<{mail.MessageId}@{from.Host}>", ["Auto-Submitted"] = "auto-generated" },
        };
        using var client = Client(settings);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(settings.Timeout));
        await client.SendMailAsync(message, limit.Token);
    }

    /// <summary>Another attempt would be refused alike: the mailbox does not exist, or will not take such mail.</summary>
    public static bool IsHopeless(SmtpException error) => error is SmtpFailedRecipientException
        || error.StatusCode is SmtpStatusCode.MailboxUnavailable or SmtpStatusCode.MailboxNameNotAllowed or SmtpStatusCode.UserNotLocalTryAlternatePath
            or SmtpStatusCode.ExceededStorageAllocation or SmtpStatusCode.TransactionFailed;

    private SmtpClient Client(MailOptions settings)
    {
        if (settings.Host is { } host)
        {
            return new SmtpClient(host, settings.Port)
            {
                EnableSsl = settings.Tls,
                Credentials = settings.UserName is null ? null : new NetworkCredential(settings.UserName, settings.Password),
            };
        }
        var folder = settings.Folder ?? Path.Combine(configuration["Events:DataDirectory"] ?? ".events", "mail");
        return new SmtpClient
        {
            DeliveryMethod = SmtpDeliveryMethod.SpecifiedPickupDirectory,
            PickupDirectoryLocation = Directory.CreateDirectory(Path.GetFullPath(folder)).FullName,
        };
    }

    /// <summary>A line break in a subject would be a header of its author's choosing.</summary>
    private static string OneLine(string text)
    {
        var line = new string([.. text.Select(static c => char.IsControl(c) ? ' ' : c)]).Trim();
        return line.Length <= MaxSubject ? line : line[..(MaxSubject - 1)] + "…";
    }
}
