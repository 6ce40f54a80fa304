using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.TaskDetail;
using Events.Projections.TaskList;

namespace Events.Projections.TaskHistory;

/// <summary>
/// A line of a task's history as people read it: <c>{version, position, at, actor, type, changes: [{field, from?, to?}]}</c>. Rendered
/// once, against the task as it was before.
/// </summary>
internal static class HistoryItem
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Render(TaskDocument before, RecordedEvent recorded)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        json.WriteNumber("version"u8, recorded.Version);
        json.WriteNumber("position"u8, recorded.Position);
        json.WriteString("at"u8, recorded.OccurredAt.UtcDateTime);
        json.WriteString("actor"u8, recorded.Metadata.Actor);
        json.WriteString("type"u8, recorded.Type);
        json.WriteStartArray("changes"u8);
        WriteChanges(json, before, recorded.Body);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteChanges(Utf8JsonWriter json, TaskDocument before, object? body)
    {
        switch (body)
        {
            case TaskCreated e:
                Change(json, "title", null, e.Title);
                Change(json, "status", null, Word(e.Status));
                Change(json, "priority", null, Word(e.Priority));
                if (e.AssigneeId is not null)
                    Change(json, "assigneeId", null, Text(e.AssigneeId));
                foreach (var label in e.Labels)
                    Change(json, "labels", null, label);
                if (e.DueOn is not null)
                    Change(json, "dueOn", null, Text(e.DueOn));
                break;
            case TaskRetitled e:
                Change(json, "title", e.From, e.To);
                break;
            case TaskDescriptionChanged e:
                Change(json, "description", before.Description, e.Description);
                break;
            case TaskStatusChanged e:
                Change(json, "status", Word(e.From), Word(e.To));
                break;
            case TaskPrioritised e:
                Change(json, "priority", Word(e.From), Word(e.To));
                break;
            case TaskAssigned e:
                Change(json, "assigneeId", Text(e.From), Text(e.To));
                break;
            case TaskLabelled e:
                Change(json, "labels", null, e.Label);
                break;
            case TaskUnlabelled e:
                Change(json, "labels", e.Label, null);
                break;
            case TaskScheduled e:
                Change(json, "dueOn", Text(e.From), Text(e.To));
                break;
            case TaskEstimated e:
                Change(json, "estimate", Text(e.From), Text(e.To));
                break;
            case TaskReparented e:
                Change(json, "parentId", Text(e.From), Text(e.To));
                break;
            case TaskLinked e:
                Change(json, "links", null, $"{e.Kind.ToString().ToLowerInvariant()} {e.OtherTaskId}");
                break;
            case TaskUnlinked e:
                Change(json, "links", $"{e.Kind.ToString().ToLowerInvariant()} {e.OtherTaskId}", null);
                break;
            case ChecklistItemAdded e:
                Change(json, "checklist", null, Line(new ChecklistLine(e.ItemId, e.Text, Done: false)));
                break;
            case ChecklistItemChanged e:
                Change(json, "checklist", Line(before.Checklist.Find(i => i.Id == e.ItemId)), Line(new ChecklistLine(e.ItemId, e.Text, e.Done)));
                break;
            case ChecklistItemRemoved e:
                Change(json, "checklist", Line(before.Checklist.Find(i => i.Id == e.ItemId)), null);
                break;
            case CommentAdded e:
                Change(json, "comments", null, e.Body);
                break;
            case CommentEdited e:
                Change(json, "comments", null, e.Body);
                break;
            case TaskWatched e:
                Change(json, "watchers", null, Text(e.PersonId));
                break;
            case TaskUnwatched e:
                Change(json, "watchers", Text(e.PersonId), null);
                break;
            case TaskReranked e:
                Change(json, "rank", before.Rank, e.Rank);
                break;
            case TaskArchived or TaskUnarchived:
                Change(json, "archived", before.Archived ? "true" : "false", body is TaskArchived ? "true" : "false");
                break;
            case TaskDeleted or TaskRestored:
                Change(json, "deleted", before.Deleted ? "true" : "false", body is TaskDeleted ? "true" : "false");
                break;
        }
    }

    private static void Change(Utf8JsonWriter json, string field, string? from, string? to)
    {
        json.WriteStartObject();
        json.WriteString("field"u8, field);
        json.WriteString("from"u8, from);
        json.WriteString("to"u8, to);
        json.WriteEndObject();
    }

    private static string Word(WorkStatus status) => TaskListItem.Name(status).Value;

    private static string Word(Priority priority) => TaskListItem.Name(priority).Value;

    private static string? Text(Guid? id) => id?.ToString("D");

    private static string? Text(DateOnly? date) => date?.ToString("yyyy-MM-dd");

    private static string? Text(decimal? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string? Line(ChecklistLine? line) => line is null ? null : $"[{(line.Done ? 'x' : ' ')}] {line.Text}";
}
