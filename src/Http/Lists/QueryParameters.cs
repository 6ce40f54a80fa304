using System.Globalization;
using Events.Commands.Deciding;
using Events.Http.Bodies;
using Events.Http.Problems;
using Microsoft.AspNetCore.WebUtilities;

namespace Events.Http.Lists;

/// <summary>A request's query string, read strictly: a parameter that nobody knows, or that is there twice, is refused.</summary>
public sealed class QueryParameters
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 200;
    private const int MaxLength = 8_192;

    private readonly List<(string Name, string Value)> parameters = [];
    private List<FieldError>? errors;

    private QueryParameters()
    {
    }

    /// <summary>What was wrong so far.</summary>
    public Problem? Problem => errors is null
        ? null
        : new Problem(400, "invalid_parameter", errors.Count == 1 ? errors[0].Detail : $"{errors.Count} parameters are not as they must be.") { Errors = errors };

    public bool IsEmpty => parameters.Count == 0;

    public static QueryParameters Read(HttpRequest request, params ReadOnlySpan<string> known)
    {
        var query = new QueryParameters();
        var text = request.QueryString.Value;
        if (string.IsNullOrEmpty(text))
            return query;
        if (text.Length > MaxLength)
        {
            query.Refuse("", "too_long", $"The query has more than {MaxLength} characters.");
            return query;
        }

        var sparse = false;
        foreach (var pair in new QueryStringEnumerable(text))
        {
            var name = pair.DecodeName();
            var index = known.IndexOf(name.ToString());
            if (index < 0)
            {
                // Read where the answer is thinned out; twice is refused like any other.
                if (name.Span.SequenceEqual(SparseAnswers.Parameter) && SparseAnswers.IsAsked(request.HttpContext))
                {
                    if (sparse)
                        query.Refuse(SparseAnswers.Parameter, "duplicate_parameter", "The parameter is there twice.");
                    sparse = true;
                    continue;
                }

                query.Refuse(Shorten(name.ToString()), "unknown_parameter", known.IsEmpty ? "Nothing is asked by parameters here." : $"There is no such parameter here; there are: {string.Join(", ", known.ToArray())}.");
                continue;
            }

            if (query.Find(known[index]) is not null)
            {
                query.Refuse(known[index], "duplicate_parameter", "The parameter is there twice.");
                continue;
            }

            var value = pair.DecodeValue().ToString();
            if (WellFormedText.Is(value))
                query.parameters.Add((known[index], value));
            else
                query.Refuse(known[index], "malformed_text", "It holds a NUL or half a surrogate pair.");
        }

        return query;
    }

    public string? Find(string name)
    {
        foreach (var (key, value) in parameters)
        {
            if (key == name)
                return value;
        }

        return null;
    }

    public void Refuse(string name, string code, string detail)
    {
        if ((errors ??= []).Count < BodyErrors.Most)
            errors.Add(new FieldError($"?{name}", code, detail));
    }

    public int Limit(int max = MaxLimit)
    {
        if (Find("limit") is not { } text)
            return Math.Min(DefaultLimit, max);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= max)
            return limit;
        Refuse("limit", "out_of_range", $"It must be a whole number from 1 to {max}.");
        return 1;
    }

    public string? Text(string name, int max)
    {
        if (Find(name) is not { } text)
            return null;
        if (text.Length is > 0 && text.Length <= max)
            return text;
        Refuse(name, "out_of_range", $"It must have 1 to {max} characters.");
        return null;
    }

    public Guid? Id(string name)
    {
        if (Find(name) is not { } text)
            return null;
        if (Guid.TryParseExact(text, "D", out var id))
            return id;
        Refuse(name, "malformed_id", "It must be a UUID such as 01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f.");
        return null;
    }

    public bool? Flag(string name)
    {
        switch (Find(name))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Refuse(name, "wrong_type", "It must be true or false.");
                return null;
        }
    }

    public long? Number(string name, long min, long max)
    {
        if (Find(name) is not { } text)
            return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            return number;
        Refuse(name, "out_of_range", $"It must be a whole number from {min} to {max}.");
        return null;
    }

    public DateOnly? Date(string name)
    {
        if (Find(name) is not { } text)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", out var date) && date >= Commands.Deciding.Limits.FirstDate && date <= Commands.Deciding.Limits.LastDate)
            return date;
        Refuse(name, "malformed_date", "It must be a date from 1970-01-01 to 2199-12-31.");
        return null;
    }

    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } text)
            return null;
        // An offset is part of an RFC 3339 time; without one it would be the time of wherever the service runs.
        if (text.Length <= 40 && text.Length > 19 && text[10] == 'T' && (text[^1] == 'Z' || text[^6] is '+' or '-') && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            && time.Year is >= 1970 and < 2200)
        {
            return time.ToUniversalTime();
        }

        Refuse(name, "malformed_time", "It must be a time such as 2026-11-21T09:30:00Z, from 1970 to 2199.");
        return null;
    }

    /// <summary>One or several of an enum's wire names, separated by commas.</summary>
    public IReadOnlyList<TEnum> Choices<TEnum>(string name)
        where TEnum : struct, Enum
    {
        if (Find(name) is not { } text)
            return [];
        var known = WireNames.Of<TEnum>();
        var chosen = new List<TEnum>();
        foreach (var part in text.AsSpan().Split(','))
        {
            if (known.Find(text.AsSpan()[part]) is { } value)
            {
                if (!chosen.Contains(value))
                    chosen.Add(value);
                continue;
            }

            Refuse(name, "unknown_value", $"It must be one or several (with commas) of {string.Join(", ", known.Names)}.");
            return [];
        }

        chosen.Sort();
        return chosen;
    }

    public string? Choice(string name, params ReadOnlySpan<string> known)
    {
        if (Find(name) is not { } text)
            return null;
        if (known.Contains(text))
            return text;
        Refuse(name, "unknown_value", $"It must be one of {string.Join(", ", known.ToArray())}.");
        return null;
    }

    private static string Shorten(string name) => name.Length > 64 ? string.Concat(name.AsSpan(0, 64), "…") : name;
}
