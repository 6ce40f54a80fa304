using System.Text.Json.Serialization;
using Events.Commands.Projects;
using Events.Commands.Tasks;

namespace Events.Commands;

/// <summary>How the domain's events are written; generated, so that no event costs reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TaskCreated))]
[JsonSerializable(typeof(TaskRetitled))]
[JsonSerializable(typeof(TaskDescriptionChanged))]
[JsonSerializable(typeof(TaskStatusChanged))]
[JsonSerializable(typeof(TaskPrioritised))]
[JsonSerializable(typeof(TaskAssigned))]
[JsonSerializable(typeof(TaskLabelled))]
[JsonSerializable(typeof(TaskUnlabelled))]
[JsonSerializable(typeof(TaskScheduled))]
[JsonSerializable(typeof(TaskEstimated))]
[JsonSerializable(typeof(TaskReparented))]
[JsonSerializable(typeof(TaskLinked))]
[JsonSerializable(typeof(TaskUnlinked))]
[JsonSerializable(typeof(ChecklistItemAdded))]
[JsonSerializable(typeof(ChecklistItemChanged))]
[JsonSerializable(typeof(ChecklistItemRemoved))]
[JsonSerializable(typeof(CommentAdded))]
[JsonSerializable(typeof(CommentEdited))]
[JsonSerializable(typeof(CommentDeleted))]
[JsonSerializable(typeof(TaskWatched))]
[JsonSerializable(typeof(TaskUnwatched))]
[JsonSerializable(typeof(TaskReranked))]
[JsonSerializable(typeof(TaskArchived))]
[JsonSerializable(typeof(TaskUnarchived))]
[JsonSerializable(typeof(TaskDeleted))]
[JsonSerializable(typeof(TaskRestored))]
[JsonSerializable(typeof(ProjectCreated))]
[JsonSerializable(typeof(ProjectRenamed))]
[JsonSerializable(typeof(ProjectDescribed))]
[JsonSerializable(typeof(ProjectLeadChanged))]
[JsonSerializable(typeof(ProjectRescheduled))]
[JsonSerializable(typeof(ProjectStatusChanged))]
[JsonSerializable(typeof(ProjectArchived))]
[JsonSerializable(typeof(ProjectRestored))]
[JsonSerializable(typeof(ProjectKeyReserved))]
public sealed partial class EventJson : JsonSerializerContext;
