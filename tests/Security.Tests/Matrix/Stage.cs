using Events.Commands.Workspaces;
using Events.Security.Tests.Hosting;
using Microsoft.AspNetCore.Routing;
using Shouldly;

namespace Events.Security.Tests.Matrix;

/// <summary>Things of the first workspace for every kind of route, each full of its marker.</summary>
internal sealed class Stage(Cast cast, Asking ask)
{
    private readonly Dictionary<string, string> ids = new(StringComparer.Ordinal);

    public Guid Project => Guid.Parse(ids["projects"]);

    public Guid HiddenProject { get; private set; }

    public string HiddenTask { get; private set; } = "";

    public IEnumerable<string> Ids => ids.Values;

    public async Task<Stage> SetAsync()
    {
        ids["projects"] = await CreateAsync("/api/v1/projects", $$"""{"key":"ZEB","name":"{{Cast.Marker}} project"}""");
        ids["tasks"] = await CreateAsync("/api/v1/tasks", $$"""{"projectId":"{{ids["projects"]}}","title":"{{Cast.Marker}} task","description":"{{Cast.Marker}}"}""");
        ids["commentId"] = await CreateAsync($"/api/v1/tasks/{ids["tasks"]}/comments", $$"""{"body":"{{Cast.Marker}} comment"}""");
        ids["labels"] = await CreateAsync("/api/v1/labels", $$"""{"name":"{{Cast.Marker}}","color":"#ff0000"}""");
        ids["invitations"] = await CreateAsync("/api/v1/invitations", $$"""{"email":"{{Cast.Marker}}@example.com"}""");
        ids["tokens"] = await CreateAsync("/api/v1/tokens", $$"""{"name":"{{Cast.Marker}}","scopes":["tasks:read"]}""");
        ids["members"] = cast.People[WorkspaceRole.Viewer].ToString();
        ids["personId"] = cast.OwnerId.ToString();
        ids["otherId"] = ids["tasks"];

        HiddenProject = Guid.Parse(await CreateAsync("/api/v1/projects", $$"""{"key":"OKA","name":"{{Cast.Marker}} {{Cast.HiddenMarker}} project"}"""));
        HiddenTask = await CreateAsync("/api/v1/tasks", $$"""{"projectId":"{{HiddenProject}}","title":"{{Cast.Marker}} {{Cast.HiddenMarker}} task","assigneeId":"{{cast.People[WorkspaceRole.Member]}}"}""");
        (await ask.SendAsync(cast.Tokens[WorkspaceRole.Owner], "PUT", $"/api/v1/projects/{HiddenProject}/access", """{"visibility":"members","memberIds":[]}"""))
            .Status.ShouldBe(System.Net.HttpStatusCode.NoContent);
        // What no list shows yet could not leak either: the owner sees it first.
        foreach (var list in (string[])["/api/v1/tasks?limit=200", "/api/v1/projects?limit=200"])
            await Eventually.IsTrueAsync(async () => (await ask.SendAsync(cast.Tokens[WorkspaceRole.Owner], "GET", list)).Text.Contains(Cast.HiddenMarker, StringComparison.Ordinal));
        return this;
    }

    /// <summary>The route with the first workspace's ids in it.</summary>
    public string PathOf(RouteEndpoint endpoint, bool hidden = false)
    {
        var noun = "";
        return "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment =>
        {
            var part = segment.Parts[0];
            if (part is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal)
                return noun = literal.Content;
            var name = ((Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart)part).Name;
            return hidden && noun == "projects" ? HiddenProject.ToString() : hidden && noun == "tasks" ? HiddenTask : IdOf(name, noun);
        }));
    }

    private string IdOf(string name, string noun) => name switch
    {
        "kind" => "blocks",
        "flag" or "name" => "beta",
        _ when ids.TryGetValue(name, out var named) => named,
        _ when noun != "workspaces" && ids.TryGetValue(noun, out var ofNoun) => ofNoun,
        _ => "01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f",
    };

    private async Task<string> CreateAsync(string path, string json)
    {
        var answer = await ask.SendAsync(cast.Tokens[WorkspaceRole.Owner], "POST", path, json);
        answer.Status.ShouldBe(System.Net.HttpStatusCode.Created, answer.Text);
        return (string)answer.Body["id"]!;
    }
}
