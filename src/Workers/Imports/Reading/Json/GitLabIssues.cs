using System.Text.Json;
using Events.Commands.Tasks;

namespace Events.Workers.Imports.Reading.Json;

/// <summary>Issues as GitLab's API gives them (<c>GET /projects/:id/issues</c>), with notes where an exporter put them in.</summary>
internal sealed class GitLabIssues : JsonRows
{
    protected override ImportedTask? Read(JsonElement issue, SourceWords words, Action<string, string, string> warn)
    {
        if ((issue.Text("id") ?? issue.Text("iid")) is not { } id)
            return null;
        var closedAt = issue.Moment("closed_at", words);
        var state = issue.Text("state");
        var status = words.StatusOf(state);
        if (state is not null && status is null)
            warn("state", "unknown_status", $"'{state}' is no known state; the task was put into the backlog. Map it by mapping.statuses.");
        return new ImportedTask(id, issue.Text("title")!)
        {
            Description = issue.Text("description"),
            Status = status ?? (closedAt is null ? null : WorkStatus.Done),
            Priority = words.PriorityOf(issue.Text("severity")) ?? Priority.None,
            Author = Person(issue.Member("author")),
            Assignee = Person(issue.Member("assignee") ?? issue.Items("assignees").Cast<JsonElement?>().FirstOrDefault()),
            ClosedBy = Person(issue.Member("closed_by")),
            Labels = [.. issue.Items("labels").Select(static label => label.ValueKind == JsonValueKind.Object ? label.Text("name") : label.Text()).OfType<string>()],
            DueOn = words.Day(issue.Text("due_date")),
            Estimate = issue.Number("weight"),
            CreatedAt = issue.Moment("created_at", words),
            UpdatedAt = issue.Moment("updated_at", words),
            ClosedAt = closedAt,
            Url = issue.Text("web_url"),
            Comments =
            [
                .. issue.Items("notes").Concat(issue.Items("comments"))
                    .Where(static note => note.Member("system") is not { ValueKind: JsonValueKind.True } && note.Text("body") is not null)
                    .Select((note, index) => new ImportedComment(note.Text("id") ?? $"{index}", note.Text("body")!, Person(note.Member("author")), note.Moment("created_at", words))),
            ],
        };
    }

    private static ImportedPerson? Person(JsonElement? user) =>
        user is { ValueKind: JsonValueKind.Object } given ? ImportedPerson.From(given.Text("username"), given.Text("name"), given.Text("public_email") ?? given.Text("email")) : null;
}
