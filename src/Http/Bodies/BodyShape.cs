using System.Text;
using System.Text.Json;
using Events.Commands.Deciding;
using static Events.Http.Bodies.BodyValues;

namespace Events.Http.Bodies;

/// <summary>
/// The members of a JSON request body, said once: they bind it strictly, with a pointer for everything that is wrong, and
/// they describe it in OpenAPI. A member that is absent leaves the target as it was made, so a merge patch tells absent from null.
/// </summary>
/// <typeparam name="T">The target; made anew for each request.</typeparam>
public sealed class BodyShape<T> : IBodyShape
    where T : class, new()
{
    private readonly List<Member> members = [];
    private int requiredMask;

    public string Example { get; init; } = "{}";

    public BodyShape<T> Text(string name, Action<T, string?> set, int max, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("string", nullable)},\"maxLength\":{max}", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull || !IsString(ref reader, pointer, errors))
                return;
            // Six bytes are the longest that JSON makes of a character: what is longer cannot be within the limit.
            if (reader.ValueSpan.Length > max * 6L)
                errors.Add(pointer, "too_long", $"It has more than {max} characters, which is the limit.");
            else if (TryText(ref reader, out var text) && WellFormedText.Is(text))
                set(target, text);
            else
                errors.Add(pointer, "malformed_text", "It holds a NUL, half a surrogate pair or bytes that are not UTF-8, which cannot be stored.");
        });

    public BodyShape<T> Id(string name, Action<T, Guid?> set, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("string", nullable)},\"format\":\"uuid\"", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull || !IsString(ref reader, pointer, errors))
                return;
            if (reader.TryGetGuid(out var id) && id != Guid.Empty)
                set(target, id);
            else
                errors.Add(pointer, "malformed_id", "It must be a UUID such as 01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f.");
        });

    public BodyShape<T> Date(string name, Action<T, DateOnly?> set, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("string", nullable)},\"format\":\"date\"", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull || !IsString(ref reader, pointer, errors))
                return;
            if (TryText(ref reader, out var text) && DateOnly.TryParseExact(text, "yyyy-MM-dd", out var date))
                set(target, date);
            else
                errors.Add(pointer, "malformed_date", "It must be a date such as 2026-11-21.");
        });

    public BodyShape<T> Time(string name, Action<T, DateTimeOffset?> set, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("string", nullable)},\"format\":\"date-time\"", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull || !IsString(ref reader, pointer, errors))
                return;
            // An offset is part of an RFC 3339 time; without one it would be the time of wherever the service runs.
            if (reader.TryGetDateTimeOffset(out var time) && TryText(ref reader, out var said) && (said![^1] == 'Z' || said[^6] is '+' or '-'))
                set(target, time);
            else
                errors.Add(pointer, "malformed_time", "It must be a time such as 2026-11-21T09:30:00Z.");
        });

    /// <summary>One of the enum's wire names.</summary>
    public BodyShape<T> Choice<TEnum>(string name, Action<T, TEnum?> set, bool required = false, bool nullable = false)
        where TEnum : struct, Enum
    {
        var names = WireNames.Of<TEnum>();
        var schema = string.Join(',', names.Names.Select(n => $"\"{n}\"")) + (nullable ? ",null" : "");
        return Add(name, required, nullable, $"\"type\":{TypeOf("string", nullable)},\"enum\":[{schema}]", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull || !IsString(ref reader, pointer, errors))
                return;
            foreach (var (text, value) in names.Pairs)
            {
                if (!reader.ValueTextEquals(text))
                    continue;
                set(target, value);
                return;
            }

            errors.Add(pointer, "unknown_value", $"It must be one of {string.Join(", ", names.Names)}.");
        });
    }

    public BodyShape<T> Number(string name, Action<T, decimal?> set, decimal min, decimal max, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("number", nullable)},\"minimum\":{min},\"maximum\":{max}", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull)
                return;
            if (reader.TokenType != JsonTokenType.Number)
                errors.Add(pointer, "wrong_type", "It must be a number.");
            else if (reader.TryGetDecimal(out var number) && number >= min && number <= max && number.Scale <= 4)
                set(target, number);
            else
                errors.Add(pointer, "out_of_range", $"It must be from {min} to {max}, with at most 4 decimals.");
        });

    public BodyShape<T> Integer(string name, Action<T, long?> set, long min, long max, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("integer", nullable)},\"minimum\":{min},\"maximum\":{max}", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull)
                return;
            if (reader.TokenType != JsonTokenType.Number)
                errors.Add(pointer, "wrong_type", "It must be a whole number.");
            else if (reader.TryGetInt64(out var number) && number >= min && number <= max)
                set(target, number);
            else
                errors.Add(pointer, "out_of_range", $"It must be a whole number from {min} to {max}.");
        });

    public BodyShape<T> Flag(string name, Action<T, bool> set, bool required = false) =>
        Add(name, required, false, "\"type\":\"boolean\"", (ref reader, target, pointer, errors) =>
        {
            if (reader.TokenType is JsonTokenType.True or JsonTokenType.False)
                set(target, reader.GetBoolean());
            else
                errors.Add(pointer, "wrong_type", "It must be true or false.");
        });

    public BodyShape<T> Texts(string name, Action<T, IReadOnlyList<string>?> set, int maxCount, int max, bool required = false, bool nullable = false) =>
        Add(name, required, nullable, $"\"type\":{TypeOf("array", nullable)},\"maxItems\":{maxCount},\"items\":{{\"type\":\"string\",\"maxLength\":{max}}}", (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (isNull || !IsArray(ref reader, pointer, errors))
                return;
            var texts = new List<string>();
            var all = 0;
            for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; all++)
            {
                if (all >= maxCount)
                    reader.Skip();
                else if (reader.TokenType != JsonTokenType.String)
                    Wrong(ref reader, $"{pointer}/{all}", "It must be a string.", errors);
                else if (TryText(ref reader, out var text) && WellFormedText.Is(text))
                    texts.Add(text!);
                else
                    errors.Add($"{pointer}/{all}", "malformed_text", "It holds a NUL, half a surrogate pair or bytes that are not UTF-8.");
            }

            if (all > maxCount)
                errors.Add(pointer, "too_many", $"There are {all}; the limit is {maxCount}.");
            else
                set(target, texts);
        });

    public BodyShape<T> Ids(string name, Action<T, IReadOnlyList<Guid>?> set, int maxCount, bool required = false) =>
        Add(name, required, false, $"\"type\":\"array\",\"maxItems\":{maxCount},\"items\":{{\"type\":\"string\",\"format\":\"uuid\"}}", (ref reader, target, pointer, errors) =>
        {
            if (!IsArray(ref reader, pointer, errors))
                return;
            var ids = new List<Guid>();
            var all = 0;
            for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; all++)
            {
                if (all >= maxCount)
                    reader.Skip();
                else if (reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out var id))
                    ids.Add(id);
                else
                    Wrong(ref reader, $"{pointer}/{all}", "It must be a UUID.", errors);
            }

            if (all > maxCount)
                errors.Add(pointer, "too_many", $"There are {all}; the limit is {maxCount}.");
            else
                set(target, ids);
        });

    /// <summary>An object whose member names the caller chooses; each value is a string or, where allowed, several.</summary>
    public BodyShape<T> Words(string name, Action<T, IReadOnlyDictionary<string, IReadOnlyList<string>>> set, int maxCount, int max) =>
        Add(name, false, false, $"\"type\":\"object\",\"maxProperties\":{maxCount},\"additionalProperties\":{{\"anyOf\":[{{\"type\":\"string\",\"maxLength\":{max}}},{{\"type\":\"array\",\"maxItems\":{maxCount},\"items\":{{\"type\":\"string\",\"maxLength\":{max}}}}}]}}", (ref reader, target, pointer, errors) =>
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                errors.Add(pointer, "wrong_type", "It must be an object.");
                return;
            }

            var words = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = TryText(ref reader, out var text) ? text! : "?";
                var at = $"{pointer}/{Escape(key)}";
                var values = new List<string>();
                reader.Read();
                var isList = reader.TokenType == JsonTokenType.StartArray;
                while (!isList || (reader.Read() && reader.TokenType != JsonTokenType.EndArray))
                {
                    if (reader.TokenType != JsonTokenType.String)
                        Wrong(ref reader, at, "It must be a string.", errors);
                    else if (TryText(ref reader, out var value) && value!.Length <= max && WellFormedText.Is(value))
                        values.Add(value);
                    else
                        errors.Add(at, "malformed_text", $"It has more than {max} characters, or cannot be stored.");
                    if (!isList)
                        break;
                }

                if (key.Length > max || values.Count > maxCount || !words.TryAdd(key, values))
                    errors.Add(at, "malformed_text", "The name is too long, there twice, or has too many values.");
                if (words.Count <= maxCount)
                    continue;
                errors.Add(pointer, "too_many", $"There are more than {maxCount}, which is the limit.");
                break;
            }

            set(target, words);
        });

    /// <summary>An object of another shape.</summary>
    public BodyShape<T> Nested<TInner>(string name, BodyShape<TInner> shape, Action<T, TInner?> set, bool required = false, bool nullable = false)
        where TInner : class, new() =>
        Add(name, required, nullable, shape.Schema[1..^1], (ref reader, target, pointer, errors) =>
        {
            if (Null(ref reader, nullable, pointer, errors, out var isNull))
                set(target, null);
            if (!isNull)
                set(target, shape.Read(ref reader, pointer, errors));
        });

    /// <summary>An array of objects of another shape.</summary>
    public BodyShape<T> Many<TInner>(string name, BodyShape<TInner> shape, Action<T, IReadOnlyList<TInner>> set, int maxCount, bool required = false)
        where TInner : class, new() =>
        Add(name, required, false, $"\"type\":\"array\",\"maxItems\":{maxCount},\"items\":{shape.Schema}", (ref reader, target, pointer, errors) =>
        {
            if (!IsArray(ref reader, pointer, errors))
                return;
            var items = new List<TInner>();
            var all = 0;
            for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; all++)
            {
                if (all >= maxCount)
                    reader.Skip();
                else
                    items.Add(shape.Read(ref reader, $"{pointer}/{all}", errors));
            }

            if (all > maxCount)
                errors.Add(pointer, "too_many", $"There are {all}; the limit is {maxCount}.");
            else
                set(target, items);
        });

    public string Schema
    {
        get
        {
            var schema = new StringBuilder("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
            schema.AppendJoin(',', members.Select(m => $"\"{m.Text}\":{{{m.Schema}}}")).Append('}');
            if (requiredMask != 0)
                schema.Append(",\"required\":[").AppendJoin(',', members.Where((_, i) => (requiredMask & (1 << i)) != 0).Select(m => $"\"{m.Text}\"")).Append(']');
            return schema.Append('}').ToString();
        }
    }

    /// <summary>Binds the object that the reader stands on and leaves it at its end.</summary>
    internal T Read(ref Utf8JsonReader reader, string at, BodyErrors errors)
    {
        var target = new T();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Wrong(ref reader, at, "It must be an object.", errors);
            return target;
        }

        var seen = 0;
        List<string>? unknown = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var index = IndexOf(ref reader);
            if (index < 0)
            {
                var name = TryText(ref reader, out var text) ? text! : "?";
                errors.Add($"{at}/{Escape(name)}", unknown?.Contains(name, StringComparer.Ordinal) == true ? "duplicate_member" : "unknown_member", "There is no such member here.");
                (unknown ??= []).Add(name);
                reader.Read();
                reader.Skip();
                continue;
            }

            var member = members[index];
            var pointer = at.Length == 0 ? member.Pointer : at + member.Pointer;
            reader.Read();
            if ((seen & (1 << index)) != 0)
            {
                errors.Add(pointer, "duplicate_member", "The member is there twice.");
                reader.Skip();
                continue;
            }

            seen |= 1 << index;
            try
            {
                member.Read(ref reader, target, pointer, errors);
            }
            catch (InvalidOperationException)
            {
                // The reader compares and parses only text that is one: not half a surrogate pair, nor bytes that are not UTF-8.
                errors.Add(pointer, "malformed_text", "It holds half a surrogate pair or bytes that are not UTF-8.");
            }

            // A reader that refused the kind of value leaves it unread.
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                reader.Skip();
        }

        for (var i = 0; i < members.Count; i++)
        {
            if ((requiredMask & ~seen & (1 << i)) != 0)
                errors.Add(at + members[i].Pointer, "required", "It is missing.");
        }

        return target;
    }

    private int IndexOf(ref Utf8JsonReader reader)
    {
        try
        {
            for (var i = 0; i < members.Count; i++)
            {
                if (reader.ValueTextEquals(members[i].Name))
                    return i;
            }
        }
        catch (InvalidOperationException)
        {
            // A name that is no text is nobody's.
        }

        return -1;
    }

    private BodyShape<T> Add(string name, bool required, bool nullable, string schema, MemberReader read)
    {
        _ = nullable;
        if (members.Count == 31)
            throw new InvalidOperationException("A body has at most 31 members.");
        if (required)
            requiredMask |= 1 << members.Count;
        members.Add(new Member(name, Encoding.UTF8.GetBytes(name), $"/{name}", schema, read));
        return this;
    }

    private delegate void MemberReader(ref Utf8JsonReader reader, T target, string pointer, BodyErrors errors);

    private sealed record Member(string Text, byte[] Name, string Pointer, string Schema, MemberReader Read);
}
