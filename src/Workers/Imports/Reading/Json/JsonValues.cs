using System.Globalization;
using System.Text.Json;

namespace Events.Workers.Imports.Reading.Json;

/// <summary>Reads members of foreign JSON: what is missing, null or of another type is null.</summary>
internal static class JsonValues
{
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? value
            : null;

    public static string? Text(this JsonElement element, string name) => element.Member(name) is { } value ? Text(value) : null;

    /// <summary>A string without what no text can hold, or a number as it is written.</summary>
    public static string? Text(this JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number)
            return value.GetRawText();
        if (value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            var text = value.GetString();
            return string.IsNullOrWhiteSpace(text) ? null : text;
        }
        catch (InvalidOperationException)
        {
            return Unpaired(value.GetRawText());
        }
    }

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>A date as text, or milliseconds or seconds since 1970.</summary>
    public static DateTimeOffset? Moment(this JsonElement element, string name, SourceWords words) => words.Moment(element.Text(name));

    public static decimal? Number(this JsonElement element, string name) => SourceWords.Number(element.Text(name));

    /// <summary>A string with half a surrogate pair in it: every escape by hand, the halves left as they are for <see cref="ImportFit.Clean"/>.</summary>
    private static string Unpaired(string raw)
    {
        var text = new System.Text.StringBuilder(raw.Length);
        for (var i = 1; i < raw.Length - 1; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }
            var escape = raw[++i];
            if (escape == 'u' && ushort.TryParse(raw.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                text.Append((char)code);
                i += 4;
                continue;
            }
            text.Append(escape switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', _ => escape });
        }
        return text.ToString();
    }
}
