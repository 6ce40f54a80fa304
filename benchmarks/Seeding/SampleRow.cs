namespace Events.Benchmarks.Seeding;

internal sealed record SampleProject(Guid TenantId, Guid Id, string Key, long LastNumber);

internal sealed record SampleRow(
    Guid TenantId,
    Guid Id,
    Guid ProjectId,
    long Number,
    string Key,
    string Title,
    string Description,
    string Status,
    string Priority,
    Guid? AssigneeId,
    string[] Labels,
    DateOnly? DueOn,
    DateTime CreatedAt);
