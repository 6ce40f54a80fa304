using System.Text.Json.Serialization;

namespace Events.Benchmarks.Append;

/// <summary>About as large as a created task.</summary>
internal sealed record TicketOpened(
    Guid ProjectId,
    int Number,
    string Key,
    string Title,
    string Description,
    string Status,
    string Priority,
    Guid AssigneeId,
    IReadOnlyList<string> Labels,
    string DueOn,
    string Rank)
{
    public static TicketOpened Sample(int number) => new(
        Guid.CreateVersion7(),
        number,
        $"WEB-{number}",
        "Answer every list within a frame, at page 1 and at page 10,000",
        "The cursor carries the tenant, the filter and the sort; the query walks one index and stops after a page.",
        "in_progress",
        "high",
        Guid.CreateVersion7(),
        ["backend", "performance"],
        "2026-12-24",
        "0|hzzzzz:");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TicketOpened))]
internal sealed partial class SampleJson : JsonSerializerContext;
