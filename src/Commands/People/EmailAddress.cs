using System.Diagnostics.CodeAnalysis;

namespace Events.Commands.People;

/// <summary>An address in the one form in which addresses are compared: trimmed and in lower case.</summary>
public readonly record struct EmailAddress
{
    public const int MaxLength = 254;
    private const int MaxLocal = 64;

    private EmailAddress(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse(string? text, [NotNullWhen(true)] out EmailAddress? address)
    {
        address = null;
        var value = text?.Trim().ToLowerInvariant() ?? "";
        var at = value.IndexOf('@', StringComparison.Ordinal);
        if (value.Length > MaxLength || at is < 1 or > MaxLocal || at != value.LastIndexOf('@') || at == value.Length - 1)
            return false;
        // A line break here would be a header of the mail's author's choosing.
        if (value.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c) || c is '<' or '>' or ',' or ';' or '"' or '\\' or '(' or ')'))
            return false;
        var domain = value[(at + 1)..];
        if (domain.StartsWith('.') || domain.EndsWith('.') || domain.Contains("..", StringComparison.Ordinal))
            return false;
        address = new EmailAddress(value);
        return true;
    }

    public override string ToString() => Value;
}
