using System.Text.Json;

namespace Events.Http.Bodies;

/// <summary>What holds of a value in a body whatever it is bound to: of which kind it must be, and how one that is not is told.</summary>
internal static class BodyValues
{
    public static string TypeOf(string type, bool nullable) => nullable ? $"[\"{type}\",\"null\"]" : $"\"{type}\"";

    public static bool Null(ref Utf8JsonReader reader, bool nullable, string pointer, BodyErrors errors, out bool isNull)
    {
        isNull = reader.TokenType == JsonTokenType.Null;
        if (isNull && !nullable)
            errors.Add(pointer, "not_nullable", "It cannot be null; leave it out instead.");
        return isNull && nullable;
    }

    public static bool IsString(ref Utf8JsonReader reader, string pointer, BodyErrors errors)
    {
        if (reader.TokenType == JsonTokenType.String)
            return true;
        Wrong(ref reader, pointer, "It must be a string.", errors);
        return false;
    }

    public static bool IsArray(ref Utf8JsonReader reader, string pointer, BodyErrors errors)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
            return true;
        Wrong(ref reader, pointer, "It must be an array.", errors);
        return false;
    }

    public static void Wrong(ref Utf8JsonReader reader, string pointer, string detail, BodyErrors errors)
    {
        errors.Add(pointer, "wrong_type", detail);
        reader.Skip();
    }

    public static bool TryText(ref Utf8JsonReader reader, out string? text)
    {
        try
        {
            text = reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            // Bytes that are not UTF-8, or an escaped half of a surrogate pair.
            text = null;
            return false;
        }
    }

    public static string Escape(string name) =>
        (name.Length > 64 ? string.Concat(name.AsSpan(0, 64), "…") : name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
