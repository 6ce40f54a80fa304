using System.Text.Json;
using Events.Commands.Projects;
using Events.EventStore;
using Events.Projections.Engine;
using Events.Projections.TaskList;

namespace Events.Projections.ProjectList;

internal sealed class ProjectListRow : StreamRow
{
    private static readonly JsonEncodedText[] Statuses = [.. new[] { "planned", "active", "paused", "completed" }.Select(s => JsonEncodedText.Encode(s))];

    public Guid? LeadId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public long Version { get; set; }

    public DateOnly? StartsOn { get; set; }

    public DateOnly? EndsOn { get; set; }

    public ProjectStatus Status { get; set; }

    public bool Archived { get; set; }

    public string HumanKey { get; set; } = "";

    public string Name { get; set; } = "";

    public string? Description { get; set; }

    public void Evolve(RecordedEvent recorded)
    {
        if (recorded.Body is not ProjectCreated && Version == 0)
            throw new InvalidOperationException($"A project begins with project_created, not with {recorded.Type}.");
        switch (recorded.Body)
        {
            case ProjectCreated e:
                HumanKey = e.Key;
                Name = e.Name;
                Description = e.Description;
                LeadId = e.LeadId;
                StartsOn = e.StartsOn;
                EndsOn = e.EndsOn;
                Status = ProjectStatus.Active;
                CreatedAt = recorded.Timestamp;
                break;
            case ProjectRenamed e:
                Name = e.To;
                break;
            case ProjectDescribed e:
                Description = e.Description;
                break;
            case ProjectLeadChanged e:
                LeadId = e.To;
                break;
            case ProjectRescheduled e:
                StartsOn = e.StartsOn;
                EndsOn = e.EndsOn;
                break;
            case ProjectStatusChanged e:
                Status = e.To;
                break;
            case ProjectArchived:
                Archived = true;
                break;
            case ProjectRestored:
                Archived = false;
                break;
            default:
                throw new InvalidOperationException($"A project does not know what a {recorded.Type} means.");
        }

        Version = recorded.Version;
        UpdatedAt = recorded.Timestamp;
    }

    public static void Write(ProjectListRow row, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, row.Key.StreamId);
        json.WriteString("key"u8, row.HumanKey);
        json.WriteString("name"u8, row.Name);
        json.WriteString("description"u8, row.Description);
        TaskListItem.WriteId(json, "leadId"u8, row.LeadId);
        TaskListItem.WriteDate(json, "startsOn"u8, row.StartsOn);
        TaskListItem.WriteDate(json, "endsOn"u8, row.EndsOn);
        json.WriteString("status"u8, Statuses[(int)row.Status]);
        json.WriteBoolean("archived"u8, row.Archived);
        json.WriteString("createdAt"u8, row.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt"u8, row.UpdatedAt.UtcDateTime);
        json.WriteNumber("version"u8, row.Version);
        json.WriteEndObject();
    }
}
