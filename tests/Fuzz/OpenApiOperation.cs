using System.Text.Json.Nodes;

namespace Events.Fuzz;

/// <summary>One operation of an OpenAPI 3.1 document, with what is needed to make requests for it.</summary>
/// <param name="Body">A valid JSON body from the document's example, or made from its schema; null when it takes none.</param>
internal sealed record OpenApiOperation(HttpMethod Method, string Path, IReadOnlyList<OpenApiParameter> Parameters, JsonNode? Body)
{
    private static readonly string[] Methods = ["get", "post", "put", "patch", "delete"];

    public static IReadOnlyList<OpenApiOperation> ReadAll(JsonNode document)
    {
        var operations = new List<OpenApiOperation>();
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject().Where(p => Methods.Contains(p.Key, StringComparer.Ordinal)))
                operations.Add(Read(document, path, method, operation!));
        }

        return operations;
    }

    private static OpenApiOperation Read(JsonNode document, string path, string method, JsonNode operation)
    {
        var parameters = (operation["parameters"]?.AsArray() ?? []).Select(p => Resolve(document, p!)).Select(p => new OpenApiParameter(
            p["name"]!.GetValue<string>(),
            p["in"]!.GetValue<string>(),
            p["example"] is { } example ? Text(example) : null));
        var content = operation["requestBody"] is { } body ? Resolve(document, body)["content"]?.AsObject().FirstOrDefault().Value : null;
        return new OpenApiOperation(new HttpMethod(method.ToUpperInvariant()), path, [.. parameters], content is null ? null : Example(document, content));
    }

    private static JsonNode? Example(JsonNode document, JsonNode content)
    {
        if (content["example"] is { } example)
            return example.DeepClone();
        if (content["examples"]?.AsObject().FirstOrDefault().Value?["value"] is { } first)
            return first.DeepClone();
        return content["schema"] is { } schema ? FromSchema(document, schema, 0) : null;
    }

    private static JsonNode? FromSchema(JsonNode document, JsonNode schema, int depth)
    {
        schema = Resolve(document, schema);
        if (depth > 6)
            return null;
        if (schema["example"] is { } example)
            return example.DeepClone();
        var type = schema["type"] is JsonArray types ? types[0]?.GetValue<string>() : schema["type"]?.GetValue<string>();
        return type switch
        {
            "object" => new JsonObject((schema["properties"]?.AsObject() ?? []).Select(p => KeyValuePair.Create(p.Key, FromSchema(document, p.Value!, depth + 1)))),
            "array" => schema["items"] is { } items ? new JsonArray(FromSchema(document, items, depth + 1)) : new JsonArray(),
            "integer" or "number" => JsonValue.Create(1),
            "boolean" => JsonValue.Create(true),
            "string" when schema["enum"] is JsonArray { Count: > 0 } values => values[0]!.DeepClone(),
            "string" when string.Equals(schema["format"]?.GetValue<string>(), "uuid", StringComparison.Ordinal) => JsonValue.Create(Guid.Empty.ToString()),
            "string" => JsonValue.Create("text"),
            _ => null,
        };
    }

    private static JsonNode Resolve(JsonNode document, JsonNode node)
    {
        while (node is JsonObject && node["$ref"]?.GetValue<string>() is { } reference)
            node = reference.TrimStart('#', '/').Split('/').Aggregate(document, (at, part) => at[part] ?? throw new InvalidDataException($"{reference} leads nowhere."));
        return node;
    }

    private static string Text(JsonNode node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : node.ToJsonString();
}

/// <param name="In"><c>path</c>, <c>query</c> or <c>header</c>.</param>
internal sealed record OpenApiParameter(string Name, string In, string? Example);
