using System.Text.Json.Serialization;

namespace Events.Commands.Projects;

/// <summary>How a project is going, as its lead says.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ProjectStatus>))]
public enum ProjectStatus
{
    [JsonStringEnumMemberName("planned")]
    Planned,
    [JsonStringEnumMemberName("active")]
    Active,
    [JsonStringEnumMemberName("paused")]
    Paused,
    [JsonStringEnumMemberName("completed")]
    Completed,
}

/// <summary>A project starts <see cref="ProjectStatus.Active"/>.</summary>
/// <param name="Key">Upper case, unique in the workspace, never changed: it leads the keys of its tasks.</param>
public sealed record ProjectCreated(
    string Key,
    string Name,
    string? Description,
    Guid? LeadId,
    DateOnly? StartsOn,
    DateOnly? EndsOn);

public sealed record ProjectRenamed(string From, string To);

public sealed record ProjectDescribed(string? Description);

public sealed record ProjectLeadChanged(Guid? From, Guid? To);

/// <summary>Both dates as they are from now on.</summary>
public sealed record ProjectRescheduled(DateOnly? StartsOn, DateOnly? EndsOn);

public sealed record ProjectStatusChanged(ProjectStatus From, ProjectStatus To);

public sealed record ProjectArchived;

public sealed record ProjectRestored;

/// <summary>On the reservation stream of a key: from now on this project holds it.</summary>
public sealed record ProjectKeyReserved(Guid ProjectId, string Key);
