using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Events.Fuzz;

/// <summary>
/// Makes requests from an operation: sometimes the valid one, mostly one with up to three things wrong. The same seed makes
/// the same requests.
/// </summary>
/// <param name="knownIds">Ids that exist, so that some requests reach real streams.</param>
internal sealed class RequestGenerator(IReadOnlyList<OpenApiOperation> operations, int seed, IReadOnlyList<string> knownIds)
{
    private static readonly string[] HostileText =
    [
        "", " ", "null", "\u0000", "a\u0000b", "-1", "1e999", "0001-01-01", "9999-12-31T23:59:59.9999999Z", "99999-01-01", "2026-02-30",
        "../../etc/passwd", "' or 1=1 --", "\"; drop table mt_events; --", "%00", "%", "\u202e\u0301\ud83d\ude00", new('x', 300), new('é', 5_000),
        "{}", "[]", "true", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "v0", "\"v999999\"",
    ];

    private static readonly string[] HostileQuery =
    [
        "limit=0", "limit=-1", "limit=201", "limit=abc", "limit=99999999999999999999", "cursor=abc", "cursor=", "cursor=%00", "sort=nothing", "sort=title;drop",
        "status=unknown", "priority=7", "q=%25", "q=", "at=yesterday", "at=9999-12-31T23:59:59Z", "version=-1", "version=0", "version=9223372036854775808",
        "after=-1", "after=9223372036854775807", "fields=none", "unknown=1", "projectId=abc", "assigneeId=%ff", "label=%F0%9F%98%80",
    ];

    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 128 };

    private readonly Random random = new(seed);

    public GeneratedRequest Next()
    {
        var operation = operations[random.Next(operations.Count)];
        var request = new HttpRequestMessage(operation.Method, PathAndQuery(operation));
        var description = $"{operation.Method} {request.RequestUri}";
        if (operation.Body is { } body)
        {
            var bytes = Serialise(Mutated(body.DeepClone()));
            request.Content = new ByteArrayContent(bytes);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", random.Next(20) == 0 ? Pick(["text/plain", "application/xml", "application/json; charset=utf-16"]) : "application/json");
            description += $" {Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 400)))}";
        }

        foreach (var (name, value) in Headers())
            request.Headers.TryAddWithoutValidation(name, value);
        return new GeneratedRequest(request, description);
    }

    private string PathAndQuery(OpenApiOperation operation)
    {
        var path = operation.Path;
        foreach (var parameter in operation.Parameters.Where(p => p.In == "path"))
        {
            var value = random.Next(4) switch
            {
                0 when parameter.Example is { } example => example,
                1 => Guid.NewGuid().ToString(),
                2 => Uri.EscapeDataString(Pick(HostileText)) is { Length: > 0 } text ? text : "x",
                _ => knownIds.Count > 0 ? knownIds[random.Next(knownIds.Count)] : Guid.Empty.ToString(),
            };
            path = path.Replace($"{{{parameter.Name}}}", value, StringComparison.Ordinal);
        }

        var query = operation.Parameters
            .Where(p => p.In == "query" && random.Next(4) == 0)
            .Select(p => $"{p.Name}={Uri.EscapeDataString(random.Next(2) == 0 ? p.Example ?? "" : Pick(HostileText))}")
            .Concat(Enumerable.Range(0, random.Next(3)).Select(_ => Pick(HostileQuery)))
            .ToList();
        if (random.Next(100) == 0)
            query.AddRange(Enumerable.Repeat("sort=title", 200));
        return query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
    }

    private JsonNode? Mutated(JsonNode root)
    {
        var node = (JsonNode?)root;
        for (var wrong = random.Next(4); wrong > 0; wrong--)
            node = Mutate(node);
        return node;
    }

    private JsonNode? Mutate(JsonNode? node)
    {
        if (node is not JsonObject members || members.Count == 0)
            return Hostile();
        var name = members.ElementAt(random.Next(members.Count)).Key;
        switch (random.Next(6))
        {
            case 0:
                members.Remove(name);
                break;
            case 1:
                members[$"unknown{random.Next(10)}"] = Hostile();
                break;
            case 2 when members[name] is JsonObject inner:
                members[name] = Mutate(inner.DeepClone());
                break;
            case 3:
                members[name] = random.Next(2) == 0 && knownIds.Count > 0 ? knownIds[random.Next(knownIds.Count)] : null;
                break;
            default:
                members[name] = Hostile();
                break;
        }

        return members;
    }

    private JsonNode? Hostile() => random.Next(9) switch
    {
        0 => null,
        1 => JsonValue.Create(random.Next(-5, 5)),
        2 => JsonValue.Create(1e308),
        3 => JsonValue.Create(random.Next(2) == 0),
        4 => new JsonArray(Enumerable.Range(0, random.Next(300)).Select(n => (JsonNode?)JsonValue.Create(n)).ToArray()),
        5 => new JsonObject { ["a"] = new JsonObject { ["b"] = JsonValue.Create(1) } },
        6 => Nested(random.Next(1, 60)),
        7 => JsonValue.Create(new string('t', random.Next(1, 40_000))),
        _ => JsonValue.Create(Pick(HostileText)),
    };

    private static JsonNode Nested(int depth)
    {
        JsonNode node = new JsonArray();
        for (; depth > 0; depth--)
            node = new JsonArray(node);
        return node;
    }

    // What a serialiser never writes is wrong on the level of bytes: cut off, doubled, not UTF-8, a lone surrogate.
    private byte[] Serialise(JsonNode? body)
    {
        var json = JsonSerializer.Serialize(body, Deep);
        return random.Next(12) switch
        {
            0 => Encoding.UTF8.GetBytes(json[..random.Next(json.Length)]),
            1 => Encoding.UTF8.GetBytes(json.Replace("{", "{\"title\":\"a\",\"title\":\"b\",", StringComparison.Ordinal)),
            2 => [.. Encoding.UTF8.GetBytes(json), 0xff, 0xfe],
            3 => Encoding.UTF8.GetBytes(json.Replace(":\"", ":\"\\ud800", StringComparison.Ordinal)),
            4 => Encoding.UTF8.GetBytes(json.Replace(":\"", ":\"\\u0000", StringComparison.Ordinal)),
            _ => Encoding.UTF8.GetBytes(json),
        };
    }

    private IEnumerable<(string Name, string Value)> Headers()
    {
        if (random.Next(6) == 0)
            yield return ("Idempotency-Key", Pick([new string('k', 10_000), "\"", "", "\"key-1\"", "key-1", "ké"]));
        if (random.Next(6) == 0)
            yield return ("If-Match", Pick(["*", "v1", "\"v1\"", "\"v99999999999999999999\"", "W/\"v1\"", ","]));
        if (random.Next(10) == 0)
            yield return ("If-None-Match", Pick(["*", "\"v1\"", "x", "\"", "W/\"a\", \"b\""]));
        if (random.Next(10) == 0)
            yield return ("Events-Min-Position", Pick(["-1", "abc", "99999999999999999999"]));
        if (random.Next(20) == 0)
            yield return ("Accept", Pick(["text/html", "x", "application/x-ndjson"]));
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];
}

internal sealed record GeneratedRequest(HttpRequestMessage Message, string Description);
