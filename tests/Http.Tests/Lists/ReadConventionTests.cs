using System.Net;
using System.Text.Json.Nodes;
using Events.Http.Describing;
using Events.Http.Tests.Api;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Lists;

/// <summary>What everything that can be read does: <c>HEAD</c>, <c>fields=</c>, <c>304</c>, and addresses that lead to what they name.</summary>
public sealed class ReadConventionTests(ApiServer server)
{
    private IEnumerable<RouteEndpoint> Reads =>
        server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .Where(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Contains("GET") && e.Metadata.GetMetadata<DisableRequestTimeoutAttribute>() is null);

    [Fact]
    public async Task Head_answers_where_get_does_with_the_same_headers_and_no_body()
    {
        var (me, task, _) = await FilledAsync();
        foreach (var path in Paths(task).Append("/").Append("/openapi/v1.json"))
        {
            var (get, head) = (await me.GetAsync(path), await me.SendAsync(HttpMethod.Head, path));
            head.Status.ShouldBe(get.Status, path);
            head.Bytes.ShouldBeEmpty(path);
            head.MediaType.ShouldBe(get.MediaType, path);
            head.ETag.ShouldBe(get.ETag, path);
        }

        (await me.SendAsync(HttpMethod.Head, $"/api/v1/tasks/{Guid.CreateVersion7()}")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Fields_leaves_only_what_was_asked_for_everywhere()
    {
        var (me, task, _) = await FilledAsync();
        var tried = 0;
        foreach (var endpoint in Reads)
        {
            var operation = endpoint.Metadata.GetMetadata<Operation>()!;
            if (operation.MediaType != "application/json" || PathOf(endpoint, task) is not { } path || (await me.GetAsync(path)).Status != HttpStatusCode.OK)
                continue;
            var example = JsonNode.Parse(operation.Example)!.AsObject();
            var shown = operation.Paginated ? example["items"]![0]!.AsObject() : example;
            var name = shown.First().Key;
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var thin = await me.GetAsync($"{path}{separator}fields={name}");
            thin.Status.ShouldBe(HttpStatusCode.OK, $"{path}: {thin.Text}");
            foreach (var one in operation.Paginated ? thin.Items.Select(i => i.AsObject()) : [thin.Body.AsObject()])
                one.Select(m => m.Key).ShouldBeSubsetOf([name], $"{path}: {thin.Text}");
            (await me.GetAsync($"{path}{separator}fields={name},nothing")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_field", "?fields");
            tried++;
        }

        tried.ShouldBeGreaterThan(15);
        var page = await me.GetAsync("/api/v1/tasks?limit=1&fields=key,id");
        page.Items.Single().AsObject().Select(m => m.Key).ShouldBe(["id", "key"], ignoreOrder: true);
        page.Headers.GetValues("Link").Single().ShouldContain("fields=key,id");
        page.NextCursor.ShouldNotBeNull();
        (await me.GetAsync("/api/v1/tasks?limit=1&fields=key,id", ("If-None-Match", page.ETag!))).Status.ShouldBe(HttpStatusCode.NotModified);
        (await me.GetAsync("/api/v1/labels?limit=1&fields=id")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Every_answer_has_the_members_that_its_example_shows()
    {
        var (me, task, _) = await FilledAsync();
        foreach (var endpoint in Reads)
        {
            var operation = endpoint.Metadata.GetMetadata<Operation>()!;
            if (operation.MediaType != "application/json" || PathOf(endpoint, task) is not { } path)
                continue;
            var answer = await me.GetAsync(path);
            if (answer.Status != HttpStatusCode.OK || (operation.Paginated && answer.Items.Count == 0))
                continue;
            var example = JsonNode.Parse(operation.Example)!.AsObject();
            var shown = (operation.Paginated ? example["items"]![0]!.AsObject() : example).Select(m => m.Key);
            var actual = (operation.Paginated ? answer.Items[0].AsObject() : answer.Body.AsObject()).Select(m => m.Key);
            actual.ShouldBeSubsetOf(shown, operation.Id);
        }
    }

    [Fact]
    public async Task Whoever_holds_what_would_be_answered_is_answered_304()
    {
        var (me, task, _) = await FilledAsync();
        string[] live = ["/api/v1/operations/projections"];
        foreach (var endpoint in Reads.Where(e => e.Metadata.GetMetadata<Operation>()!.MediaType == "application/json"))
        {
            if (PathOf(endpoint, task) is not { } path || live.Contains(path) || await me.GetAsync(path) is not { Status: HttpStatusCode.OK } whole)
                continue;
            whole.ETag.ShouldNotBeNull(path);
            var again = await me.GetAsync(path, ("If-None-Match", whole.ETag!));
            again.Status.ShouldBe(HttpStatusCode.NotModified, path);
            again.Bytes.ShouldBeEmpty(path);
        }
    }

    [Fact]
    public async Task The_link_to_the_next_page_keeps_the_filter()
    {
        var me = await server.NewUserAsync();
        foreach (var name in (string[])["one", "two", "three"])
            await me.PostAsync("/api/v1/labels", $$"""{"name":"{{name}}","color":"#ff0000"}""");
        // The audit log is written behind the request.
        var started = TimeProvider.System.GetTimestamp();
        var audit = await me.GetAsync("/api/v1/audit?outcome=done&limit=1");
        while (audit.NextCursor is null && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20))
            audit = await me.GetAsync("/api/v1/audit?outcome=done&limit=1");
        foreach (var first in new[] { audit, await me.GetAsync("/api/v1/labels?limit=1&fields=id") })
        {
            first.Status.ShouldBe(HttpStatusCode.OK, first.Text);
            var second = await me.GetAsync(first.Headers.GetValues("Link").Single().Split('<', '>')[1]);
            second.Status.ShouldBe(HttpStatusCode.OK, second.Text);
            second.Items.Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task The_place_of_what_was_made_leads_to_it()
    {
        var (me, task, last) = await FilledAsync();
        var seen = ("Events-Min-Position", last);
        var project = await me.PostAsync("/api/v1/projects", """{"key":"APP","name":"App"}""");
        var comment = await me.PostAsync($"/api/v1/tasks/{task}/comments", """{"body":"Look at *this*"}""");
        var item = await me.PostAsync($"/api/v1/tasks/{task}/checklist", """{"text":"Ask first"}""");
        foreach (var made in new[] { project, await me.CreateTaskAsync(Guid.Parse(project.Id)), comment, item })
        {
            made.Status.ShouldBe(HttpStatusCode.Created, made.Text);
            var found = await me.GetAsync(made.Headers.Location!.ToString(), ("Events-Min-Position", made.Position));
            found.Status.ShouldBe(HttpStatusCode.OK, $"{made.Headers.Location}: {found.Text}");
            found.Id.ShouldBe(made.Id);
        }

        ((string?)(await me.GetAsync(comment.Headers.Location!.ToString())).Body["body"]).ShouldBe("Look at *this*");
        var line = await me.GetAsync(item.Headers.Location!.ToString(), seen);
        ((string?)line.Body["text"]).ShouldBe("Ask first");
        (await me.PatchAsync(item.Headers.Location!.ToString(), """{"done":true}""", ("If-Match", line.ETag!))).Status.ShouldBe(HttpStatusCode.OK);
        (await me.GetAsync($"/api/v1/tasks/{task}/comments/{Guid.CreateVersion7()}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await me.GetAsync($"/api/v1/tasks/{task}/checklist/{Guid.CreateVersion7()}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await (await server.NewUserAsync()).GetAsync(comment.Headers.Location!.ToString())).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<(ApiUser Me, string Task, string Last)> FilledAsync()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var task = (await me.CreateTaskAsync(project)).Id;
        await me.CreateTaskAsync(project, "Another");
        await me.PostAsync("/api/v1/labels", """{"name":"bug","color":"#ff0000"}""");
        var last = await me.PostAsync($"/api/v1/tasks/{task}/comments", """{"body":"Said"}""");
        (await me.GetAsync($"/api/v1/tasks/{task}", ("Events-Min-Position", last.Position))).Status.ShouldBe(HttpStatusCode.OK);
        (await me.GetAsync("/api/v1/people", ("Events-Min-Position", last.Position))).Status.ShouldBe(HttpStatusCode.OK);
        return (me, task, last.Position);
    }

    private IEnumerable<string> Paths(string task) => Reads.Select(e => PathOf(e, task)).OfType<string>();

    /// <summary>With what is there; null: it takes something that is not.</summary>
    private static string? PathOf(RouteEndpoint endpoint, string task)
    {
        var path = endpoint.RoutePattern.RawText!;
        if (path.EndsWith("/diff", StringComparison.Ordinal))
            return null;
        path = path.StartsWith("/api/v1/tasks/{id}", StringComparison.Ordinal) ? path.Replace("{id}", task, StringComparison.Ordinal) : path;
        return path.Contains('{', StringComparison.Ordinal) ? null : path;
    }
}
