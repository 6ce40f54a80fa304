using System.Net;
using System.Text.Json.Nodes;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Feeds;

public sealed class FeedTests(ApiServer server)
{
    [Fact]
    public async Task Events_are_read_page_by_page_as_cloud_events()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        ApiAnswer last = null!;
        for (var i = 0; i < 5; i++)
            last = await me.CreateTaskAsync(project, $"Number {i}");
        await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", last.Position));

        var seen = new List<string>();
        var next = "/api/v1/events?after=0&limit=2";
        while (true)
        {
            var page = await me.GetAsync(next);
            page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
            page.MediaType.ShouldBe("application/cloudevents-batch+json");
            var items = page.Body.AsArray();
            seen.AddRange(items.Select(i => (string)i!["type"]!));
            if (long.Parse(page.Position) >= long.Parse(last.Position))
                break;
            next = page.Headers.GetValues("Link").Single().Split('<', '>')[1];
        }

        seen.ShouldBe(["project_created", "task_created", "task_created", "task_created", "task_created", "task_created"]);
        var filtered = await me.GetAsync($"/api/v1/events?types=task_created&streamId={last.Id}");
        var only = filtered.Body.AsArray().ShouldHaveSingleItem()!;
        ((string)only["specversion"]!).ShouldBe("1.0");
        ((string)only["id"]!).ShouldBe(last.Position);
        ((string)only["subject"]!).ShouldBe(last.Id);
        ((string)only["sequence"]!).ShouldBe(last.Position.PadLeft(19, '0'));
        ((string)only["data"]!["title"]!).ShouldBe("Number 4");
        (await me.GetAsync("/api/v1/events?types=person_signed_up")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_value", "?types");

        var lines = await me.GetAsync("/api/v1/events", ("Accept", "application/x-ndjson"));
        lines.Text.Trim().Split('\n').Select(l => (string)JsonNode.Parse(l)!["type"]!).ShouldBe(seen);
        (await me.GetAsync("/api/v1/events?limit=2", ("Accept", "application/x-ndjson"))).Text.Trim().Split('\n').Length.ShouldBe(2);
    }

    [Fact]
    public async Task P8_a_feed_holds_no_other_tenants_events()
    {
        var mine = await server.NewUserAsync();
        var theirs = await server.NewUserAsync();
        var task = await theirs.CreateTaskAsync(await theirs.CreateProjectAsync(), "Secret");
        await theirs.GetAsync("/api/v1/tasks", ("Events-Min-Position", task.Position));
        (await mine.GetAsync("/api/v1/events?after=0")).Body.AsArray().ShouldBeEmpty();
        (await mine.GetAsync("/api/v1/events?after=0", ("Accept", "application/x-ndjson"))).Text.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_feed_goes_on_live_and_resumes_where_it_was()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var first = await me.CreateTaskAsync(project, "First");
        await using (var live = await SseReader.OpenAsync(me, "/api/v1/events?after=0"))
        {
            (await live.NextAsync("task_created")).Id.ShouldBe(first.Position);
            var second = await me.CreateTaskAsync(project, "Second");
            (await live.NextAsync("task_created")).Id.ShouldBe(second.Position);
        }

        var third = await me.CreateTaskAsync(project, "Third");
        await using var again = await SseReader.OpenAsync(me, "/api/v1/events", first.Position);
        ((string)JsonNode.Parse((await again.NextAsync("task_created")).Data)!["data"]!["title"]!).ShouldBe("Second");
        (await again.NextAsync("task_created")).Id.ShouldBe(third.Position);
    }

    [Fact]
    public async Task Live_rows_follow_changes_and_catch_up_after_a_break()
    {
        var me = await server.NewUserAsync();
        var stranger = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        ApiAnswer task;
        await using (var live = await SseReader.OpenAsync(me, "/api/v1/stream"))
        {
            await live.NextAsync("hello");
            await stranger.CreateTaskAsync(await stranger.CreateProjectAsync(), "Not yours");
            task = await me.CreateTaskAsync(project, "Mine");
            var patch = JsonNode.Parse((await live.NextAsync("task")).Data)!;
            patch["row"]!.ToJsonString().ShouldBe(task.Body.ToJsonString());
        }

        await me.PatchAsync($"/api/v1/tasks/{task.Id}", """{"title":"Changed"}""");
        await me.DeleteAsync($"/api/v1/tasks/{task.Id}");
        await using var again = await SseReader.OpenAsync(me, "/api/v1/stream", task.Position);
        // The row as it is now: with the change, when the deletion is not seen yet, and in the end without.
        JsonNode? row;
        do
            row = JsonNode.Parse((await again.NextAsync("task")).Data)!["row"];
        while (row is not null && (string?)row["title"] == "Changed");
        row.ShouldBeNull();
    }
}
