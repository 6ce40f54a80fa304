using System.Text;

namespace Events.Messaging.Running;

/// <summary>Foreign text, such as an exception's, as PostgreSQL can hold it: no NUL, no half of a surrogate pair, bounded.</summary>
internal static class StorableText
{
    public static string? Fit(string? value, int longest)
    {
        if (value is null)
            return null;
        var text = new StringBuilder(Math.Min(value.Length, longest));
        foreach (var rune in value.EnumerateRunes())
        {
            if (text.Length + rune.Utf16SequenceLength > longest)
                break;
            // Enumeration has replaced lone surrogates already.
            text.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return text.ToString();
    }
}
