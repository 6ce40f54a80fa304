using System.Text.Json.Serialization;

namespace Events.Commands.Tasks;

/// <summary>Where a task stands on the board; on the wire lower-case words such as <c>in_progress</c>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkStatus>))]
public enum WorkStatus
{
    [JsonStringEnumMemberName("backlog")]
    Backlog,
    [JsonStringEnumMemberName("todo")]
    Todo,
    [JsonStringEnumMemberName("in_progress")]
    InProgress,
    [JsonStringEnumMemberName("in_review")]
    InReview,
    [JsonStringEnumMemberName("done")]
    Done,
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

[JsonConverter(typeof(JsonStringEnumConverter<Priority>))]
public enum Priority
{
    [JsonStringEnumMemberName("none")]
    None,
    [JsonStringEnumMemberName("low")]
    Low,
    [JsonStringEnumMemberName("medium")]
    Medium,
    [JsonStringEnumMemberName("high")]
    High,
    [JsonStringEnumMemberName("urgent")]
    Urgent,
}

/// <summary>What a task is to another: it blocks it, relates to it, or duplicates it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LinkKind>))]
public enum LinkKind
{
    [JsonStringEnumMemberName("blocks")]
    Blocks,
    [JsonStringEnumMemberName("relates")]
    Relates,
    [JsonStringEnumMemberName("duplicates")]
    Duplicates,
}
