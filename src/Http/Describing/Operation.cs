using Events.Http.Bodies;

namespace Events.Http.Describing;

/// <summary>
/// What an endpoint does, for people and for programs: OpenAPI, the reference page, the fuzz run and the tests read it. Every
/// endpoint under <c>/api</c> says it once, by <c>.Describe(…)</c>.
/// </summary>
/// <param name="Id">Unique, camelCase, e.g. <c>createTask</c>.</param>
/// <param name="Tag">The group on the reference page, e.g. <c>Tasks</c>.</param>
/// <param name="Summary">A few words, e.g. "Create a task".</param>
public sealed record Operation(string Id, string Tag, string Summary)
{
    /// <summary>Markdown.</summary>
    public string? Description { get; init; }

    public IBodyShape? Body { get; init; }

    public bool IsMergePatch { get; init; }

    public IReadOnlyList<Parameter> Query { get; init; } = [];

    /// <summary>Of the route; one that is not named here is a UUID.</summary>
    public IReadOnlyList<Parameter> Path { get; init; } = [];

    public int Status { get; init; } = 200;

    /// <summary>Another status that it may answer with the same body; null: there is none.</summary>
    public int? OtherStatus { get; init; }

    /// <summary>An answer as it is, JSON unless <see cref="MediaType"/> says otherwise; empty when the answer has no body.</summary>
    public string Example { get; init; } = "";

    /// <summary>Members that the example shows with a value and that may be null.</summary>
    public IReadOnlyList<string> Nulls { get; init; } = [];

    public string MediaType { get; init; } = "application/json";

    /// <summary>What else it answers when it is asked for by <c>Accept</c>.</summary>
    public IReadOnlyList<string> OtherMediaTypes { get; init; } = [];

    /// <summary>The answer holds what is made for this call, such as a signed link: it has no entity tag and is not kept.</summary>
    public bool IsMadeForTheCall { get; init; }

    /// <summary>Answered from read models: it says <c>Events-Position</c> and waits for <c>Events-Min-Position</c>.</summary>
    public bool IsOfReadModels { get; init; }

    /// <summary>Of a POST that keeps no answer under an <c>Idempotency-Key</c>: what a repeat does instead. Null: it keeps them.</summary>
    public string? Repeated { get; init; }

    /// <summary>Whether it answers a collection, page by page; a collection that is not fails a test.</summary>
    public bool Paginated { get; init; }

    /// <summary>Whether it never ends by itself (server-sent events).</summary>
    public bool Streams { get; init; }

    /// <summary>Of commands: the types that it carries out, so that a test finds the ones without an endpoint.</summary>
    public IReadOnlyList<Type> Commands { get; init; } = [];
}

/// <param name="Schema">JSON Schema, e.g. <c>{"type":"string"}</c>.</param>
public sealed record Parameter(string Name, string Schema, string Description, string Example, bool Required = false)
{
    public static Parameter Limit { get; } = new("limit", """{"type":"integer","minimum":1,"maximum":200,"default":50}""", "How many items at most.", "50");

    public static Parameter Cursor { get; } = new("cursor", """{"type":"string","maxLength":1024}""", "Where to go on: `nextCursor` of the page before.", "");

    public static Parameter Id(string name, string description) =>
        new(name, """{"type":"string","format":"uuid"}""", description, "01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f");

    public static Parameter Text(string name, string description, string example, int max = 200) =>
        new(name, $$"""{"type":"string","maxLength":{{max}}}""", description, example);

    public static Parameter Time(string name, string description) =>
        new(name, """{"type":"string","format":"date-time"}""", description, "2026-11-21T09:30:00Z");

    public static Parameter Choice(string name, string description, params IReadOnlyList<string> values) =>
        new(name, $$"""{"type":"string","enum":[{{string.Join(',', values.Select(v => $"\"{v}\""))}}]}""", description, values[0]);
}

public static class Descriptions
{
    public static TBuilder Describe<TBuilder>(this TBuilder endpoint, Operation operation)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(operation);
}
