using System.Text.Json;
using System.Text.Json.Serialization;

namespace Events.Workers.Notifications;

[JsonConverter(typeof(JsonStringEnumConverter<NotificationKind>))]
public enum NotificationKind
{
    Assigned,
    Mentioned,
    Due,
}

/// <summary>Writes to one person about one task, if they want that.</summary>
/// <param name="By">The actor whose act it is about; null for reminders.</param>
public sealed record NotifyPerson(Guid PersonId, NotificationKind Kind, Guid TaskId, string? By);

/// <summary>Writes to one person what is theirs to do.</summary>
public sealed record SendDigest(Guid PersonId);

/// <summary>Sent by the schedule: reminds of everything that is due tomorrow or earlier and has not been reminded of.</summary>
public sealed record RemindOfDue;

/// <summary>Sent by the schedule: a digest to everybody who wants one.</summary>
public sealed record SendDigests;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(NotifyPerson))]
[JsonSerializable(typeof(SendDigest))]
[JsonSerializable(typeof(RemindOfDue))]
[JsonSerializable(typeof(SendDigests))]
public sealed partial class NotificationJson : JsonSerializerContext;
