using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Events.Http.Describing;

/// <summary>
/// The schema of an answer, from its example: what is shown is always there, in the form that it is shown in. What an example cannot
/// show is said here by the member's name: what may be null, what is one of few values. The tests hold every answer that they get to it.
/// </summary>
internal static class AnswerSchemas
{
    private const string Any = "{}";
    private const string MaybeText = """{"type":["string","null"]}""";
    private const string MaybeId = """{"type":["string","null"],"format":"uuid"}""";
    private const string MaybeDate = """{"type":["string","null"],"format":"date"}""";
    private const string MaybeTime = """{"type":["string","null"],"format":"date-time"}""";
    private const string MaybeCount = """{"type":["integer","null"]}""";
    private const string Ids = """{"type":"array","items":{"type":"string","format":"uuid"}}""";

    private static readonly Dictionary<string, string> ByName = new(StringComparer.Ordinal)
    {
        ["nextCursor"] = MaybeText,
        ["description"] = MaybeText,
        ["assigneeId"] = MaybeId,
        ["parentId"] = MaybeId,
        ["leadId"] = MaybeId,
        ["dueOn"] = MaybeDate,
        ["startsOn"] = MaybeDate,
        ["endsOn"] = MaybeDate,
        ["editedAt"] = MaybeTime,
        ["startedAt"] = MaybeTime,
        ["finishedAt"] = MaybeTime,
        ["lastUsedAt"] = MaybeTime,
        ["estimate"] = """{"type":["number","null"]}""",
        ["priority"] = """{"type":"string","enum":["none","low","medium","high","urgent"]}""",
        ["watchers"] = Ids,
        ["links"] = """{"type":"array","items":{"type":"object","properties":{"kind":{"type":"string","enum":["blocks","relates","duplicates"]},"taskId":{"type":"string","format":"uuid"}},"required":["kind","taskId"]}}""",
        ["direction"] = """{"type":"string","enum":["out","in"]}""",
        ["from"] = Any,
        ["to"] = Any,
        ["total"] = MaybeCount,
        ["message"] = MaybeText,
        ["target"] = """{"type":"string"}""",
        ["result"] = """{"type":["object","null"]}""",
        ["error"] = """{"anyOf":[{"type":["string","null"]},{"type":"object","properties":{"type":{"type":["string","null"]},"message":{"type":["string","null"]}}}]}""",
        ["problem"] = """{"$ref":"#/components/schemas/Problem"}""",
    };

    /// <summary>Members of objects whose names are data.</summary>
    private static readonly HashSet<string> Open = new(StringComparer.Ordinal) { "settings", "columns", "statuses", "data" };

    /// <summary>Members that are there only sometimes.</summary>
    private static readonly HashSet<string> Optional = new(StringComparer.Ordinal) { "position", "traceparent" };

    /// <param name="nulls">Names of members that are shown and may be null.</param>
    public static JsonObject Of(JsonNode? example, IReadOnlyList<string> nulls) => Of(example, name: null, nulls);

    private static JsonObject Of(JsonNode? example, string? name, IReadOnlyList<string> nulls)
    {
        var schema = FormOf(example, name, nulls);
        if (name is not null && nulls.Contains(name) && schema["type"] is JsonValue type)
            schema["type"] = new JsonArray((string)type!, "null");
        return schema;
    }

    private static JsonObject FormOf(JsonNode? example, string? name, IReadOnlyList<string> nulls)
    {
        if (name is not null && ByName.TryGetValue(name, out var known))
            return JsonNode.Parse(known)!.AsObject();
        switch (example)
        {
            case JsonObject when name is not null && Open.Contains(name):
                return new JsonObject { ["type"] = "object" };
            case JsonObject members:
                return OfMembers(members, nulls);
            case JsonArray items:
                return new JsonObject { ["type"] = "array", ["items"] = OfItems(items, nulls) };
            case JsonValue value:
                return OfValue(value);
            default:
                return new JsonObject { ["type"] = new JsonArray("string", "null") };
        }
    }

    private static JsonObject OfMembers(JsonObject members, IReadOnlyList<string> nulls)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var (name, value) in members)
        {
            properties[name] = Of(value, name, nulls);
            if (!Optional.Contains(name))
                required.Add((JsonNode?)name);
        }

        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required };
    }

    /// <summary>Items that are shown in several forms may have any of them.</summary>
    private static JsonObject OfItems(JsonArray items, IReadOnlyList<string> nulls)
    {
        var forms = new List<JsonObject>();
        foreach (var item in items)
        {
            var form = Of(item, name: null, nulls);
            if (!forms.Exists(f => JsonNode.DeepEquals(f, form)))
                forms.Add(form);
        }

        return forms.Count switch
        {
            0 => [],
            1 => forms[0],
            _ => new JsonObject { ["anyOf"] = new JsonArray([.. forms]) },
        };
    }

    private static JsonObject OfValue(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.Number => new JsonObject { ["type"] = value.TryGetValue<long>(out _) ? "integer" : "number" },
        JsonValueKind.True or JsonValueKind.False => new JsonObject { ["type"] = "boolean" },
        _ when (string)value! is var text && FormatOf(text) is { } format => new JsonObject { ["type"] = "string", ["format"] = format },
        _ => new JsonObject { ["type"] = "string" },
    };

    private static string? FormatOf(string text) =>
        Guid.TryParseExact(text, "D", out _) ? "uuid"
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? "date"
        : text.Length > 18 && text[10] == 'T' && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _) ? "date-time"
        : null;
}
