using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Events.Http.Tests.Api;

/// <summary>Holds JSON to what the OpenAPI document says of it: the part of JSON Schema that the document uses.</summary>
internal sealed class SchemaCheck(JsonNode document)
{
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "$ref", "type", "enum", "anyOf", "properties", "required", "additionalProperties", "items", "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
        "maxProperties", "default", "description", "pattern",
    };

    /// <summary>What is wrong, each with where; empty: nothing.</summary>
    /// <param name="closed">Whether a member that is not described is wrong.</param>
    public List<string> Check(JsonNode? value, JsonNode schema, bool closed, string at = "")
    {
        var wrong = new List<string>();
        Check(value, schema, closed, at, wrong);
        return wrong;
    }

    private void Check(JsonNode? value, JsonNode schema, bool closed, string at, List<string> wrong)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            Check(value, reference.Split('/').Skip(1).Aggregate<string, JsonNode>(document, (node, part) => node[part]!), closed, at, wrong);
            return;
        }

        wrong.AddRange(schema.AsObject().Select(m => m.Key).Where(k => !Known.Contains(k)).Select(k => $"{at}: the check does not know {k}"));
        if (schema["anyOf"] is JsonArray any)
        {
            var tries = any.Select(form => Check(value, form!, closed, at)).ToList();
            if (tries.TrueForAll(t => t.Count > 0))
                wrong.AddRange(tries.MinBy(t => t.Count)!);
            return;
        }

        if (schema["type"] is { } type && !(type is JsonArray several ? several.Select(t => (string)t!) : [(string)type!]).Any(t => IsOf(value, t)))
        {
            wrong.Add($"{at}: {value?.ToJsonString() ?? "null"} is not {type.ToJsonString()}");
            return;
        }

        if (schema["enum"] is JsonArray values && !values.Any(v => JsonNode.DeepEquals(v, value)))
            wrong.Add($"{at}: {value?.ToJsonString() ?? "null"} is none of {values.ToJsonString()}");
        switch (value)
        {
            case JsonObject members:
                CheckMembers(members, schema, closed, at, wrong);
                break;
            case JsonArray items:
                Within(items.Count, schema, "minItems", "maxItems", at, wrong);
                for (var i = 0; i < items.Count && schema["items"] is { } item; i++)
                    Check(items[i], item, closed, $"{at}/{i}", wrong);
                break;
            case JsonValue text when text.GetValueKind() == JsonValueKind.String:
                Within(((string)text!).Length, schema, "minLength", "maxLength", at, wrong);
                if (!HasForm((string)text!, (string?)schema["format"]))
                    wrong.Add($"{at}: {text} is no {schema["format"]}");
                break;
            case JsonValue number when number.GetValueKind() == JsonValueKind.Number:
                Within(number.GetValue<decimal>(), schema, "minimum", "maximum", at, wrong);
                break;
        }
    }

    private void CheckMembers(JsonObject members, JsonNode schema, bool closed, string at, List<string> wrong)
    {
        var described = schema["properties"]?.AsObject();
        wrong.AddRange((schema["required"]?.AsArray() ?? []).Select(r => (string)r!).Where(r => !members.ContainsKey(r)).Select(r => $"{at}: {r} is missing"));
        foreach (var (name, member) in members)
        {
            if (described?[name] is { } known)
                Check(member, known, closed, $"{at}/{name}", wrong);
            else if (schema["additionalProperties"] is JsonObject others)
                Check(member, others, closed, $"{at}/{name}", wrong);
            else if ((closed && described is not null) || (bool?)schema["additionalProperties"] == false)
                wrong.Add($"{at}: {name} is not described");
        }
    }

    private static bool IsOf(JsonNode? value, string type) => type switch
    {
        "null" => value is null,
        "object" => value is JsonObject,
        "array" => value is JsonArray,
        "integer" => value is JsonValue v && v.GetValueKind() == JsonValueKind.Number && v.GetValue<decimal>() % 1 == 0,
        "number" => value is JsonValue v && v.GetValueKind() == JsonValueKind.Number,
        "boolean" => value is JsonValue v && v.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        _ => value is JsonValue v && v.GetValueKind() == JsonValueKind.String,
    };

    private static bool HasForm(string text, string? format) => format switch
    {
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date-time" => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _) && text.EndsWith('Z'),
        _ => true,
    };

    private static void Within(decimal size, JsonNode schema, string least, string most, string at, List<string> wrong)
    {
        if (size < ((decimal?)schema[least] ?? decimal.MinValue) || size > ((decimal?)schema[most] ?? decimal.MaxValue))
            wrong.Add($"{at}: {size} is not within {schema[least]}..{schema[most]}");
    }
}
