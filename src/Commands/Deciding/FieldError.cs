namespace Events.Commands.Deciding;

/// <summary>One member of a command that cannot be.</summary>
/// <param name="Pointer">JSON pointer into the request, e.g. <c>/title</c>.</param>
/// <param name="Code">Stable, snake_case.</param>
/// <param name="Detail">One sentence that names the limit.</param>
public sealed record FieldError(string Pointer, string Code, string Detail);

/// <summary>Collects what is wrong with a command; costs nothing while everything is right.</summary>
public struct FieldErrors
{
    private List<FieldError>? found;

    public readonly IReadOnlyList<FieldError> Found => found ?? (IReadOnlyList<FieldError>)[];

    public readonly bool Any => found is { Count: > 0 };

    public void Add(string pointer, string code, string detail) => (found ??= []).Add(new FieldError(pointer, code, detail));

    /// <summary>Text that must say something and fit.</summary>
    public void Text(string pointer, string? value, int max)
    {
        if (string.IsNullOrWhiteSpace(value))
            Add(pointer, "required", "It must not be empty.");
        else
            OptionalText(pointer, value, max);
    }

    public void OptionalText(string pointer, string? value, int max)
    {
        if (value is null)
            return;
        if (value.Length > max)
            Add(pointer, "too_long", $"It has {value.Length} characters; the limit is {max}.");
        else if (!WellFormedText.Is(value))
            Add(pointer, "malformed_text", "It holds a NUL or half a surrogate pair, which cannot be stored.");
    }

    public void Date(string pointer, DateOnly? value)
    {
        if (value is { } date && (date < Limits.FirstDate || date > Limits.LastDate))
            Add(pointer, "out_of_range", $"It must be from {Limits.FirstDate:yyyy-MM-dd} to {Limits.LastDate:yyyy-MM-dd}.");
    }

    public void Range(string pointer, decimal? value, decimal min, decimal max)
    {
        if (value is { } number && (number < min || number > max))
            Add(pointer, "out_of_range", $"It must be from {min} to {max}.");
    }
}

/// <summary>Text that PostgreSQL's jsonb and UTF-8 can hold.</summary>
public static class WellFormedText
{
    public static bool Is(ReadOnlySpan<char> text)
    {
        if (text.Contains('\0'))
            return false;
        var at = text.IndexOfAnyInRange('\ud800', '\udfff');
        if (at < 0)
            return true;
        for (; at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
                continue;
            if (!char.IsHighSurrogate(text[at]) || at + 1 >= text.Length || !char.IsLowSurrogate(text[at + 1]))
                return false;
            at++;
        }

        return true;
    }
}
