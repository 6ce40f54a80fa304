using System.ComponentModel.DataAnnotations;
using System.Net.Mail;

namespace Events.Workers.Mail;

/// <summary>Section <c>Events:Mail</c>. Without a host mails are written as <c>.eml</c> files into a folder.</summary>
public sealed record MailOptions : IValidatableObject
{
    public const string Section = "Events:Mail";

    /// <summary>SMTP server; null: mails go to <see cref="Folder"/>.</summary>
    public string? Host { get; set; }

    public int Port { get; set; } = 587;

    /// <summary>STARTTLS, required. Off only for a server on this machine.</summary>
    public bool Tls { get; set; } = true;

    public string? UserName { get; set; }

    public string? Password { get; set; }

    /// <summary>E.g. <c>Events &lt;events@example.com&gt;</c>.</summary>
    public string From { get; set; } = "Events <events@localhost>";

    /// <summary>Seconds that a delivery may take.</summary>
    [Range(1, 600, ErrorMessage = "Events:Mail:Timeout must be between 1 and 600 seconds.")]
    public int Timeout { get; set; } = 30;

    /// <summary>Where mails are written when there is no host; by default <c>mail</c> in the data directory.</summary>
    public string? Folder { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!MailAddress.TryCreate(From, out _))
            yield return new($"{Section}:From is '{From}', which is no mail address.");
        if (UserName is null != Password is null)
            yield return new($"{Section} needs UserName and Password together, or neither.");
        if (UserName is not null && !Tls)
            yield return new($"{Section}:Tls is off, so the password would be sent in the clear.");
    }
}
