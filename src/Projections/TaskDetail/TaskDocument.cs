using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Events.Commands.Tasks;

namespace Events.Projections.TaskDetail;

/// <summary>The JSON of <c>GET /tasks/{id}</c>: everything about a task but its comments and its history, which grow.</summary>
internal sealed class TaskDocument
{
    public Guid Id { get; set; }

    public Guid ProjectId { get; set; }

    public string Key { get; set; } = "";

    public long Number { get; set; }

    public string Title { get; set; } = "";

    /// <summary>Markdown.</summary>
    public string? Description { get; set; }

    public WorkStatus Status { get; set; }

    public Priority Priority { get; set; }

    public Guid? AssigneeId { get; set; }

    public List<string> Labels { get; set; } = [];

    public DateOnly? DueOn { get; set; }

    public decimal? Estimate { get; set; }

    public Guid? ParentId { get; set; }

    public string Rank { get; set; } = "";

    public List<ChecklistLine> Checklist { get; set; } = [];

    public List<TaskLinkLine> Links { get; set; } = [];

    public List<Guid> Watchers { get; set; } = [];

    public int CommentCount { get; set; }

    public bool Archived { get; set; }

    public bool Deleted { get; set; }

    public DateTime CreatedAt { get; set; }

    public string? CreatedBy { get; set; }

    public DateTime UpdatedAt { get; set; }

    public string? UpdatedBy { get; set; }

    public long Version { get; set; }
}

internal sealed record ChecklistLine(Guid Id, string Text, bool Done);

internal sealed record TaskLinkLine(LinkKind Kind, Guid TaskId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TaskDocument))]
internal sealed partial class TaskDocumentJson : JsonSerializerContext
{
    /// <summary>People's letters stay as they are: documents are served as application/json and never inside HTML.</summary>
    public static JsonTypeInfo<TaskDocument> Document { get; } =
        new TaskDocumentJson(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).TaskDocument;
}
