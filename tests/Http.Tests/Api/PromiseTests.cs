using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Events.Commands.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Api;

/// <summary>The promises that the API keeps, a test named after each.</summary>
public sealed class PromiseTests(ApiServer server)
{
    private const string Key = "Idempotency-Key";

    [Fact]
    public async Task P2_a_repeated_key_returns_the_first_answer_and_changes_nothing()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var body = $$"""{"projectId":"{{project}}","title":"Once"}""";
        var first = await me.PostAsync("/api/v1/tasks", body, (Key, "\"a-1\""));
        first.Status.ShouldBe(HttpStatusCode.Created, first.Text);
        var events = await me.CountEventsAsync();
        foreach (var form in new[] { "\"a-1\"", "a-1" })
        {
            var again = await me.PostAsync("/api/v1/tasks", body, (Key, form));
            again.Status.ShouldBe(HttpStatusCode.Created);
            again.Text.ShouldBe(first.Text);
            again.ETag.ShouldBe(first.ETag);
            again.Position.ShouldBe(first.Position);
            again.Headers.Location.ShouldBe(first.Headers.Location);
        }

        (await me.CountEventsAsync()).ShouldBe(events);
    }

    [Fact]
    public async Task P2_a_key_with_another_body_is_refused()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"Once"}""", (Key, "a-1"));
        var events = await me.CountEventsAsync();
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"Twice"}""", (Key, "a-1"))).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        (await me.CountEventsAsync()).ShouldBe(events);
    }

    [Fact]
    public async Task P2_a_repeat_is_answered_also_when_the_first_made_it_impossible()
    {
        var me = await server.NewUserAsync();
        var body = """{"key":"WEB","name":"Website"}""";
        var first = await me.PostAsync("/api/v1/projects", body, (Key, "p-1"));
        var again = await me.PostAsync("/api/v1/projects", body, (Key, "p-1"));
        again.Status.ShouldBe(HttpStatusCode.Created, again.Text);
        again.Text.ShouldBe(first.Text);
        var id = Guid.CreateVersion7();
        var task = $$"""{"projectId":"{{first.Id}}","title":"Mine","id":"{{id}}"}""";
        (await me.PostAsync("/api/v1/tasks", task, (Key, "t-1"))).Status.ShouldBe(HttpStatusCode.Created);
        (await me.PostAsync("/api/v1/tasks", task, (Key, "t-1"))).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task P2_many_at_once_under_one_key_create_one_task()
    {
        var me = await server.NewUserAsync();
        var body = $$"""{"projectId":"{{await me.CreateProjectAsync()}}","title":"Once"}""";
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => me.PostAsync("/api/v1/tasks", body, (Key, "same"))));
        answers.ShouldAllBe(a => a.Status == HttpStatusCode.Created || a.Status == HttpStatusCode.Conflict);
        answers.Where(a => a.Status == HttpStatusCode.Created).Select(a => a.Text).Distinct(StringComparer.Ordinal).ShouldHaveSingleItem();
        (await me.CountEventsAsync()).ShouldBe(3);
    }

    [Fact]
    public async Task P3_a_stale_version_is_refused_and_a_command_without_one_is_retried()
    {
        var me = await server.NewUserAsync();
        var task = (await me.CreateTaskAsync(await me.CreateProjectAsync())).Id;
        (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"Second"}""", ("If-Match", "\"v1\""))).Status.ShouldBe(HttpStatusCode.OK);
        (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"Third"}""", ("If-Match", "\"v1\""))).ShouldBeProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"Third"}""", ("If-Match", "W/\"v2\""))).Status.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"Third"}""", ("If-Match", "nonsense"))).ShouldBeProblem(HttpStatusCode.BadRequest, "malformed_if_match");
        (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"Third"}""", ("If-Match", "\"a3f0\", W/\"v2\", \"v7\""))).ShouldBeProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"Third"}""", ("If-Match", "\"v7\" , \"v2\""))).Status.ShouldBe(HttpStatusCode.OK);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => me.PostAsync($"/api/v1/tasks/{task}/comments", $$"""{"body":"Number {{i}}"}""")));
        answers.ShouldAllBe(a => a.Status == HttpStatusCode.Created);
        answers.Select(a => a.ETag).Distinct(StringComparer.Ordinal).Count().ShouldBe(16);
    }

    [Fact]
    public async Task P8_no_answer_holds_another_tenants_data()
    {
        var mine = await server.NewUserAsync();
        var theirs = await server.NewUserAsync();
        var project = await theirs.CreateProjectAsync();
        var task = await theirs.CreateTaskAsync(project, "Secret");
        (await mine.GetAsync($"/api/v1/tasks/{task.Id}", ("Events-Min-Position", task.Position))).Status.ShouldBe(HttpStatusCode.NotFound);
        (await mine.GetAsync("/api/v1/tasks")).Items.ShouldBeEmpty();
        (await mine.GetAsync("/api/v1/projects")).Items.ShouldBeEmpty();
        (await mine.PatchAsync($"/api/v1/tasks/{task.Id}", """{"title":"Mine"}""")).ShouldBeProblem(HttpStatusCode.NotFound, "no_such_task");
        (await mine.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"x"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "project_not_found", "/projectId");
        (await mine.CountEventsAsync()).ShouldBe(0);

        var second = await theirs.CreateTaskAsync(project, "Another");
        var cursor = (await theirs.GetAsync("/api/v1/tasks?limit=1", ("Events-Min-Position", second.Position))).NextCursor;
        (await mine.GetAsync($"/api/v1/tasks?limit=1&cursor={cursor}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
    }

    [Fact]
    public async Task P9_a_list_is_walked_by_cursor_and_has_a_maximum()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var last = "0";
        for (var i = 0; i < 25; i++)
            last = (await me.CreateTaskAsync(project, $"Number {i}")).Position;

        foreach (var sort in new[] { "number", "-number", "updated", "-updated", "rank", "priority" })
        {
            var seen = new List<string>();
            var next = $"/api/v1/tasks?projectId={project}&limit=7&sort={sort}";
            for (var pages = 0; next is not null; pages++)
            {
                pages.ShouldBeLessThan(5);
                var page = await me.GetAsync(next, ("Events-Min-Position", last));
                page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
                seen.AddRange(page.Items.Select(i => (string)i["id"]!));
                next = page.NextCursor is null ? null : page.Headers.GetValues("Link").Single().Split('<', '>')[1];
            }

            seen.Distinct(StringComparer.Ordinal).Count().ShouldBe(25, sort);
            seen.Count.ShouldBe(25, sort);
        }

        (await me.GetAsync("/api/v1/tasks?limit=200")).Status.ShouldBe(HttpStatusCode.OK);
        foreach (var limit in new[] { "201", "0", "-1", "x", "" })
            (await me.GetAsync($"/api/v1/tasks?limit={limit}")).ShouldBeProblem(HttpStatusCode.BadRequest, "out_of_range", "?limit");
    }

    [Fact]
    public async Task P9_a_cursor_of_another_filter_sort_or_making_is_refused()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project);
        var last = await me.CreateTaskAsync(project);
        var cursor = (await me.GetAsync($"/api/v1/tasks?projectId={project}&limit=1", ("Events-Min-Position", last.Position))).NextCursor!;
        foreach (var query in new[] { $"limit=1&cursor={cursor}", $"projectId={project}&sort=number&cursor={cursor}", $"projectId={project}&status=todo&cursor={cursor}", $"projectId={project}&cursor={cursor[..^2]}", $"projectId={project}&cursor=", $"projectId={project}&cursor={new string('A', 2000)}" })
            (await me.GetAsync($"/api/v1/tasks?{query}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
        (await me.GetAsync($"/api/v1/projects/{project}/tasks?cursor={cursor}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await me.GetAsync($"/api/v1/tasks?projectId={project}&limit=1&cursor={OfAnotherVersion(me, cursor)}")).Text.ShouldContain("made by another version");
        // Of another version that nobody signed, and of another workspace with the same filter.
        (await me.GetAsync($"/api/v1/tasks?projectId={project}&cursor={(char)(cursor[0] + 1)}{cursor[1..]}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
        (await (await server.NewUserAsync()).GetAsync($"/api/v1/tasks?projectId={project}&limit=1&cursor={cursor}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
    }

    /// <summary>As a later service would sign it.</summary>
    private string OfAnotherVersion(ApiUser me, string cursor)
    {
        var bytes = Base64Url.DecodeFromChars(cursor);
        bytes[0]++;
        byte[] signed = [.. Encoding.UTF8.GetBytes(me.Tenant.Value), 0, .. bytes[..^16]];
        HMACSHA256.HashData(server.Services.GetRequiredService<MasterKey>().Derive("cursor"), signed)[..16].CopyTo(bytes, bytes.Length - 16);
        return Base64Url.EncodeToString(bytes);
    }

    [Fact]
    public async Task P12_what_is_answered_says_the_position_that_it_was_true_at()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var task = await me.CreateTaskAsync(project);
        foreach (var path in new[] { "/api/v1/tasks", $"/api/v1/tasks/{task.Id}", $"/api/v1/tasks/{task.Id}/history", $"/api/v1/tasks/{task.Id}/comments", $"/api/v1/tasks/{task.Id}/links", "/api/v1/projects", $"/api/v1/projects/{project}" })
        {
            var answer = await me.GetAsync(path, ("Events-Min-Position", task.Position));
            answer.Status.ShouldBe(HttpStatusCode.OK, path);
            long.Parse(answer.Position).ShouldBeGreaterThanOrEqualTo(long.Parse(task.Position), path);
            (await me.GetAsync(path, ("If-None-Match", answer.ETag!))).Status.ShouldBe(HttpStatusCode.NotModified, path);
        }

        (await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", "9000000000000"))).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "not_yet_visible");
        (await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", "soon"))).ShouldBeProblem(HttpStatusCode.BadRequest, "malformed_position");
    }
}
