using System.Text.Json;
using Events.Commands.Secrets;
using Events.Commands.Tasks;
using Events.Commands.Workspaces;
using Events.Projections.TaskList;

namespace Events.Projections.People;

/// <param name="OpenTasks">By status, backlog to in_review.</param>
internal sealed record Person(Guid Id, DateTimeOffset JoinedAt, PersonStanding Standing, WorkspaceRole? Role, SealedText? Name, long[] OpenTasks)
{
    private static readonly JsonEncodedText[] Standings = [.. new[] { "active", "placeholder", "former" }.Select(s => JsonEncodedText.Encode(s))];
    private static readonly JsonEncodedText[] Roles = [.. new[] { "viewer", "member", "admin", "owner" }.Select(s => JsonEncodedText.Encode(s))];

    /// <param name="name">Opened; null when the person was erased.</param>
    public void Write(string? name, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        json.WriteString("name"u8, name);
        json.WriteString("state"u8, Standings[(int)Standing]);
        if (Role is { } role)
            json.WriteString("role"u8, Roles[(int)role]);
        else
            json.WriteNull("role"u8);
        json.WriteString("joinedAt"u8, JoinedAt.UtcDateTime);
        json.WriteStartObject("tasks"u8);
        for (var status = 0; status < OpenTasks.Length; status++)
            json.WriteNumber(TaskListItem.Name((WorkStatus)status), OpenTasks[status]);
        json.WriteEndObject();
        json.WriteNumber("openTasks"u8, OpenTasks.Sum());
        json.WriteEndObject();
    }
}
