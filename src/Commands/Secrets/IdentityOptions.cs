using System.ComponentModel.DataAnnotations;

namespace Events.Commands.Secrets;

/// <summary>Section <c>Events:Identity</c>.</summary>
public sealed class IdentityOptions
{
    public const string Section = "Events:Identity";

    /// <summary>Base64 of 32 bytes. Absent: the file <c>keys/master.key</c> in the data directory, made at the first start.</summary>
    public string? MasterKey { get; set; }

    /// <summary>PBKDF2-SHA512 rounds. Passwords hashed at another cost are hashed again at their next sign-in.</summary>
    [Range(1_000, 100_000_000, ErrorMessage = "Events:Identity:PasswordIterations must be from 1,000 to 100,000,000.")]
    public int PasswordIterations { get; set; } = 210_000;

    /// <summary>Threads that do nothing but stretch passwords.</summary>
    [Range(1, 64, ErrorMessage = "Events:Identity:PasswordThreads must be from 1 to 64.")]
    public int PasswordThreads { get; set; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Passwords that may wait; one more is answered 503.</summary>
    [Range(1, 10_000, ErrorMessage = "Events:Identity:PasswordQueue must be from 1 to 10,000.")]
    public int PasswordQueue { get; set; } = 64;

    /// <summary>Days until a session ends, used or not.</summary>
    [Range(1, 366, ErrorMessage = "Events:Identity:SessionDays must be from 1 to 366.")]
    public int SessionDays { get; set; } = 30;

    /// <summary>Whether strangers may sign up; otherwise only the invited.</summary>
    public bool SignUp { get; set; } = true;

    /// <summary>Whether an account begins only when its address was proven by mail. Off, a taken address is told apart at sign-up.</summary>
    public bool ConfirmEmail { get; set; } = true;

    /// <summary>Person ids or e-mail addresses that may operate the installation (rebuilds, dead letters), whatever their workspace.</summary>
    public IList<string> Operators { get; } = [];

    /// <summary>Where links in mails lead; absent: relative paths are mailed as they are.</summary>
    public string? PublicUrl { get; set; }
}
