using Events.Commands.Deciding;

namespace Events.Commands.People;

/// <summary>Length is what counts (NIST SP 800-63B): no classes of characters, nothing that makes people write it down.</summary>
public static class PasswordRules
{
    public const int MinLength = 10;
    public const int MaxLength = 256;
    private const int MinDistinct = 5;

    /// <summary>Null when the password will do.</summary>
    public static Decision.Refused? Check(string password, EmailAddress? email, string pointer)
    {
        if (password.Length is < MinLength or > MaxLength)
            return Refuse($"A password has {MinLength} to {MaxLength} characters.", pointer);
        if (!IsWellFormed(password))
            return Refuse("The password holds half of a character (a lone surrogate) or NUL.", pointer);
        if (password.Distinct().Count() < MinDistinct)
            return Refuse($"A password has at least {MinDistinct} different characters.", pointer);
        if (email is { } address && password.Contains(address.Value.Split('@')[0], StringComparison.OrdinalIgnoreCase)
            && address.Value.IndexOf('@', StringComparison.Ordinal) >= MinDistinct)
            return Refuse("The password holds the name of the e-mail address.", pointer);
        return null;
    }

    private static Decision.Refused Refuse(string detail, string pointer) => new("weak_password", detail, pointer);

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || char.IsLowSurrogate(text[i]) || (char.IsHighSurrogate(text[i]) && (i + 1 == text.Length || !char.IsLowSurrogate(text[++i]))))
                return false;
        }
        return true;
    }
}
