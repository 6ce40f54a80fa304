using System.Text.Json;
using Events.Commands.Tasks;

namespace Events.Workers.Imports.Reading.Json;

/// <summary>
/// Issues as GitHub's API gives them (<c>GET /repos/:owner/:repo/issues</c>) or <c>gh issue list --json</c> prints them. Comments are
/// taken where they are objects; the API gives only their number.
/// </summary>
internal sealed class GitHubIssues : JsonRows
{
    protected override ImportedTask? Read(JsonElement issue, SourceWords words, Action<string, string, string> warn)
    {
        if ((issue.Text("id") ?? issue.Text("number")) is not { } id)
            return null;
        var closedAt = issue.Moment("closed_at", words) ?? issue.Moment("closedAt", words);
        var reason = issue.Text("state_reason") ?? issue.Text("stateReason");
        var closed = closedAt is not null || string.Equals(issue.Text("state"), "closed", StringComparison.OrdinalIgnoreCase);
        return new ImportedTask(id, issue.Text("title")!)
        {
            Description = issue.Text("body"),
            Status = !closed ? words.StatusOf(issue.Text("state")) : words.StatusOf(reason) ?? WorkStatus.Done,
            Author = Person(issue.Member("user") ?? issue.Member("author")),
            Assignee = Person(issue.Member("assignee") ?? issue.Items("assignees").Cast<JsonElement?>().FirstOrDefault()),
            ClosedBy = Person(issue.Member("closed_by")),
            Labels = [.. issue.Items("labels").Select(static label => label.ValueKind == JsonValueKind.Object ? label.Text("name") : label.Text()).OfType<string>()],
            DueOn = words.Day(issue.Member("milestone")?.Text("due_on") ?? issue.Member("milestone")?.Text("dueOn")),
            CreatedAt = issue.Moment("created_at", words) ?? issue.Moment("createdAt", words),
            UpdatedAt = issue.Moment("updated_at", words) ?? issue.Moment("updatedAt", words),
            ClosedAt = closedAt,
            Url = issue.Text("html_url") ?? issue.Text("url"),
            Comments =
            [
                .. issue.Items("comments").Where(static comment => comment.Text("body") is not null).Select((comment, index) => new ImportedComment(
                    comment.Text("id") ?? $"{index}",
                    comment.Text("body")!,
                    Person(comment.Member("user") ?? comment.Member("author")),
                    comment.Moment("created_at", words) ?? comment.Moment("createdAt", words))),
            ],
        };
    }

    private static ImportedPerson? Person(JsonElement? user) =>
        user is { ValueKind: JsonValueKind.Object } given ? ImportedPerson.From(given.Text("login"), given.Text("name"), given.Text("email")) : null;
}
