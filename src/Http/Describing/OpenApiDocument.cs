using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Http.Auth;
using Events.Http.Lists;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Events.Http.Describing;

/// <summary>The OpenAPI 3.1 document, made once from what the endpoints say of themselves.</summary>
public sealed class OpenApiDocument(EndpointDataSource endpoints)
{
    private const string Json = "application/json";
    private const string SampleId = "01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f";
    private static readonly string[] Verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    private readonly Lazy<byte[]> bytes = new(() => JsonSerializer.SerializeToUtf8Bytes(Build(endpoints)));

    public ReadOnlyMemory<byte> Bytes => bytes.Value;

    private static JsonObject Build(EndpointDataSource endpoints)
    {
        var paths = new JsonObject();
        var routes = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText?.StartsWith("/api/", StringComparison.Ordinal) == true)
            .OrderBy(e => e.RoutePattern.RawText, StringComparer.Ordinal);
        foreach (var endpoint in routes)
        {
            var path = "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(SegmentText));
            var item = paths[path]?.AsObject() ?? new JsonObject();
            paths[path] = item;
            foreach (var verb in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Intersect(Verbs, StringComparer.Ordinal) ?? [])
                item[verb.ToLowerInvariant()] = Describe(endpoint, verb, path);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Events",
                ["version"] = "1",
                ["description"] = "Tasks and projects in which every change is an event. Lists are pages by cursor; refusals are problems (RFC 9457); a POST takes an Idempotency-Key, or says what a repeat does.",
                ["license"] = new JsonObject { ["name"] = "MIT", ["identifier"] = "MIT" },
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["security"] = new JsonArray(By("token"), By("session")),
            ["paths"] = paths,
            ["components"] = Components(),
        };
    }

    private static JsonObject Describe(RouteEndpoint endpoint, string verb, string path)
    {
        var said = endpoint.Metadata.GetMetadata<Operation>() ?? new Operation($"{verb.ToLowerInvariant()}{path.Replace('/', '_')}", "Other", $"{verb} {path}");
        var operation = new JsonObject
        {
            ["operationId"] = said.Id,
            ["tags"] = new JsonArray(said.Tag),
            ["summary"] = said.Summary,
        };
        var text = string.Join(' ', new[] { said.Description, said.Repeated is { } repeated ? $"It takes no `Idempotency-Key`: {repeated}" : null }.OfType<string>());
        if (text.Length > 0)
            operation["description"] = text;
        switch (endpoint.Metadata.GetMetadata<AccessDeclaration>())
        {
            case AccessDeclaration.Permitted permitted:
                operation["x-permission"] = permitted.Permission;
                break;
            case AccessDeclaration.SignedIn:
                operation["security"] = new JsonArray(By("session"));
                break;
            case AccessDeclaration.Anybody:
                operation["security"] = new JsonArray();
                break;
        }

        if (said.Streams)
            operation["x-streams"] = true;
        operation["parameters"] = Parameters(endpoint, said, verb);
        if (Body(said) is { } body)
            operation["requestBody"] = body;
        operation["responses"] = Responses(said, verb);
        return operation;
    }

    private static JsonArray Parameters(RouteEndpoint endpoint, Operation said, string verb)
    {
        var route = endpoint.RoutePattern;
        var parameters = new JsonArray();
        foreach (var name in route.Parameters.Select(p => p.Name))
        {
            var known = said.Path.FirstOrDefault(p => p.Name == name) ?? new Parameter(name, """{"type":"string","format":"uuid"}""", "", SampleId);
            parameters.Add((JsonNode)Parameter(known with { Required = true }, "path"));
        }

        foreach (var query in said.Query)
            parameters.Add((JsonNode)Parameter(query, "query"));
        if (verb == "GET" && SparseAnswers.FieldsOf(said) is { Count: > 0 } fields)
            parameters.Add((JsonNode)Parameter(Describing.Parameter.Text(SparseAnswers.Parameter, $"Only these members{(said.Paginated ? " of the items" : "")}, separated by commas: {string.Join(", ", fields)}.", string.Join(',', fields.Take(3))), "query"));
        if (verb == "POST" && said.Repeated is null)
            parameters.Add((JsonNode)Reference("parameters/IdempotencyKey"));
        // What is about a person, not a workspace's thing, has no version to hold it to.
        if (endpoint.Metadata.GetMetadata<AccessDeclaration>() is AccessDeclaration.Permitted
            && (verb is "PATCH" or "DELETE" || (said.Commands.Count > 0 && route.Parameters.Count > 0)))
            parameters.Add((JsonNode)Reference("parameters/IfMatch"));
        if (verb == "GET" && !said.Streams)
        {
            if (!said.IsMadeForTheCall)
                parameters.Add((JsonNode)Reference("parameters/IfNoneMatch"));
            if (said.IsOfReadModels)
                parameters.Add((JsonNode)Reference("parameters/MinPosition"));
        }

        return parameters;
    }

    private static JsonObject Parameter(Parameter parameter, string place)
    {
        var described = new JsonObject
        {
            ["name"] = parameter.Name,
            ["in"] = place,
            ["required"] = parameter.Required,
            ["schema"] = JsonNode.Parse(parameter.Schema),
        };
        if (parameter.Description.Length > 0)
            described["description"] = parameter.Description;
        if (parameter.Example.Length > 0)
            described["example"] = (string?)described["schema"]!["type"] is "integer" or "boolean" ? JsonNode.Parse(parameter.Example) : parameter.Example;
        return described;
    }

    private static JsonObject? Body(Operation said)
    {
        if (said.Body is not { } shape)
            return null;
        var media = new JsonObject { ["schema"] = JsonNode.Parse(shape.Schema), ["example"] = JsonNode.Parse(shape.Example) };
        var content = new JsonObject { [Json] = media };
        if (said.IsMergePatch)
            content["application/merge-patch+json"] = media.DeepClone();
        return new JsonObject { ["required"] = true, ["content"] = content };
    }

    private static JsonObject Responses(Operation said, string verb)
    {
        var answer = new JsonObject { ["description"] = said.Summary };
        var headers = Headers(said, verb);
        if (headers.Count > 0)
            answer["headers"] = headers;
        if (said.Example.Length > 0)
        {
            var content = new JsonObject();
            answer["content"] = content;
            var isJson = said.MediaType.EndsWith("json", StringComparison.Ordinal) && !said.MediaType.EndsWith("ndjson", StringComparison.Ordinal);
            content[said.MediaType] = isJson
                ? new JsonObject { ["schema"] = AnswerSchemas.Of(JsonNode.Parse(said.Example), said.Nulls), ["example"] = JsonNode.Parse(said.Example) }
                : new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" }, ["example"] = said.Example };
            foreach (var media in said.OtherMediaTypes)
                content[media] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } };
        }

        var responses = new JsonObject { [said.Status.ToString()] = answer };
        if (said.OtherStatus is { } other)
            responses[other.ToString()] = answer.DeepClone();
        if (IsKept(said, verb))
            responses["304"] = new JsonObject { ["description"] = "It is still what `If-None-Match` names" };
        responses["default"] = Reference("responses/Problem");
        return responses;
    }

    private static JsonObject Headers(Operation said, string verb)
    {
        var headers = new JsonObject();
        foreach (var (name, says) in new[]
        {
            ("ETag", IsKept(said, verb)),
            ("Events-Position", said.IsOfReadModels),
            ("Link", said.Paginated),
            ("Location", verb == "POST" && said.Repeated is null && said.Status is 201 or 202),
            ("Retry-After", verb == "POST" && said.Repeated is null && said.Status is 202),
        })
        {
            if (says)
                headers[name] = Reference($"headers/{name}");
        }

        return headers;
    }

    private static bool IsKept(Operation said, string verb) => verb == "GET" && !said.Streams && !said.IsMadeForTheCall;

    private static string SegmentText(RoutePatternPathSegment segment) => string.Concat(segment.Parts.Select(part => part switch
    {
        RoutePatternParameterPart parameter => $"{{{parameter.Name}}}",
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        _ => "",
    }));

    private static JsonObject By(string scheme) => new() { [scheme] = new JsonArray() };

    private static JsonObject Reference(string to) => new() { ["$ref"] = $"#/components/{to}" };

    private static JsonObject Components() => new()
    {
        ["securitySchemes"] = new JsonObject
        {
            ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "For programs: made in a workspace, with scopes." },
            ["session"] = new JsonObject { ["type"] = "apiKey", ["in"] = "cookie", ["name"] = "__Host-events", ["description"] = "For people: from `POST /session`; named `events` where there is no https." },
        },
        ["parameters"] = new JsonObject
        {
            ["IdempotencyKey"] = Header("Idempotency-Key", "Any string of yours, up to 200 characters: the same request under the same key is answered as the first time and changes nothing, for 24 hours.", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\""),
            ["IfMatch"] = Header("If-Match", "The ETag that you have seen: any other version is refused with 412.", "*"),
            ["IfNoneMatch"] = Header("If-None-Match", "The ETag that you hold: 304 when it is still the one.", "\"v1\""),
            ["MinPosition"] = new JsonObject
            {
                ["name"] = "Events-Min-Position",
                ["in"] = "header",
                ["required"] = false,
                ["schema"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 },
                ["description"] = "The Events-Position of your own change: the answer holds it, or waits for it up to 2 seconds.",
                ["example"] = 0,
            },
        },
        ["headers"] = new JsonObject
        {
            ["ETag"] = Header("What `If-None-Match` and, of a thing with a version, `If-Match` take."),
            ["Events-Position"] = Header("The position in history that the answer reflects."),
            ["Link"] = Header("The next page (`rel=\"next\"`), unless this is the last."),
            ["Location"] = Header("Where what was made, or the job, can be read."),
            ["Retry-After"] = Header("Seconds after which to look for progress."),
        },
        ["schemas"] = new JsonObject { ["Problem"] = JsonNode.Parse(ProblemSchema) },
        ["responses"] = new JsonObject
        {
            ["Problem"] = new JsonObject
            {
                ["description"] = "Refused, and why",
                ["content"] = new JsonObject
                {
                    ["application/problem+json"] = new JsonObject
                    {
                        ["schema"] = Reference("schemas/Problem"),
                        ["example"] = JsonNode.Parse("""{"type":"/problems/invalid_request","title":"The request is not valid","status":400,"detail":"It is missing.","code":"invalid_request","errors":[{"pointer":"/title","code":"required","detail":"It is missing."}]}"""),
                    },
                },
            },
        },
    };

    private static JsonObject Header(string name, string description, string example) => new()
    {
        ["name"] = name,
        ["in"] = "header",
        ["required"] = false,
        ["schema"] = new JsonObject { ["type"] = "string" },
        ["description"] = description,
        ["example"] = example,
    };

    private static JsonObject Header(string description) => new() { ["description"] = description, ["schema"] = new JsonObject { ["type"] = "string" } };

    private const string ProblemSchema =
        """
        {"type":"object","required":["type","title","status","detail","code"],"properties":{
          "type":{"type":"string","format":"uri-reference"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
          "code":{"type":"string","description":"Stable; match on this."},"traceId":{"type":"string"},
          "errors":{"type":"array","items":{"type":"object","properties":{"pointer":{"type":"string","description":"JSON pointer into the body, or ?name of a query parameter."},"code":{"type":"string"},"detail":{"type":"string"}}}}}}
        """;
}
