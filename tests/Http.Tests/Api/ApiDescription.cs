using System.Net;
using System.Text.Json.Nodes;
using Shouldly;

namespace Events.Http.Tests.Api;

/// <summary>The OpenAPI document, and whether what the service does is what it says.</summary>
internal sealed class ApiDescription(ReadOnlyMemory<byte> json)
{
    private readonly JsonNode document = JsonNode.Parse(json.Span)!;

    public SchemaCheck Schemas => new(document);

    public IEnumerable<(string Path, string Verb, JsonNode Operation)> Operations =>
        document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(o => (p.Key, o.Key, o.Value!)));

    /// <summary>Every JSON answer of a described operation is of a described status and form.</summary>
    public void ShouldDescribe(HttpMethod method, string path, ApiAnswer answer)
    {
        if (answer.Bytes.Length == 0 || method == HttpMethod.Head || path.Contains("fields=", StringComparison.Ordinal))
            return;
        if (Find(method, path.Split('?')[0]) is not { } operation)
            return;
        var said = operation["responses"]![((int)answer.Status).ToString()];
        if (said is null && answer.Status < HttpStatusCode.BadRequest)
            throw new InvalidOperationException($"{method} {path} answers {(int)answer.Status}, which is not described.");
        var schema = said is null ? new JsonObject { ["$ref"] = "#/components/schemas/Problem" } : said["content"]?[answer.MediaType ?? ""]?["schema"];
        if (schema is null)
            throw new InvalidOperationException($"{method} {path} answers {(int)answer.Status} {answer.MediaType}, which is not described.");
        if (answer.MediaType!.EndsWith("json", StringComparison.Ordinal) && !answer.MediaType.EndsWith("ndjson", StringComparison.Ordinal))
            Schemas.Check(answer.Body, schema, closed: true).ShouldBeEmpty($"{method} {path}: {answer.Text}");
    }

    private JsonNode? Find(HttpMethod method, string path)
    {
        var parts = path.Split('/');
        return Operations
            .Where(o => o.Verb.Equals(method.Method, StringComparison.OrdinalIgnoreCase) && Matches(o.Path.Split('/'), parts))
            .OrderBy(o => o.Path.Count(c => c == '{'))
            .Select(o => o.Operation)
            .FirstOrDefault();
    }

    private static bool Matches(string[] template, string[] parts) =>
        template.Length == parts.Length && template.Zip(parts).All(p => p.First.StartsWith('{') || p.First == p.Second);
}
