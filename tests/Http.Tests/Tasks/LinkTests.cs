using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class LinkTests(ApiServer server)
{
    [Fact]
    public async Task What_blocks_a_task_is_seen_on_the_blocked_one()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var (one, two) = (await me.CreateTaskAsync(project, "Paint"), await me.CreateTaskAsync(project, "Sell"));
        var linked = await me.PostAsync($"/api/v1/tasks/{one.Id}/links", $$"""{"kind":"blocks","taskId":"{{two.Id}}"}""");

        var blocked = await me.GetAsync($"/api/v1/tasks/{two.Id}/links", ("Events-Min-Position", linked.Position));
        var link = blocked.Items.ShouldHaveSingleItem();
        ((string)link["kind"]!, (string)link["direction"]!, (string)link["task"]!["key"]!, (string)link["task"]!["status"]!).ShouldBe(("blocks", "in", "WEB-1", "todo"));
        long.Parse(blocked.Position).ShouldBeGreaterThanOrEqualTo(long.Parse(linked.Position));
        ((string)(await me.GetAsync($"/api/v1/tasks/{one.Id}/links")).Items.ShouldHaveSingleItem()["direction"]!).ShouldBe("out");
        (await me.GetAsync($"/api/v1/tasks/{two.Id}/links", ("If-None-Match", blocked.ETag!))).Status.ShouldBe(HttpStatusCode.NotModified);

        // The tag is of what is shown: it changes with the other task.
        var done = await me.PatchAsync($"/api/v1/tasks/{one.Id}", """{"status":"done"}""");
        var later = await me.GetAsync($"/api/v1/tasks/{two.Id}/links", ("If-None-Match", blocked.ETag!), ("Events-Min-Position", done.Position));
        ((string)later.Items.ShouldHaveSingleItem()["task"]!["status"]!).ShouldBe("done");
        var gone = await me.DeleteAsync($"/api/v1/tasks/{one.Id}");
        (await me.GetAsync($"/api/v1/tasks/{two.Id}/links", ("Events-Min-Position", gone.Position))).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task Links_are_paged_by_a_cursor_of_this_list()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var hub = await me.CreateTaskAsync(project, "Hub");
        var last = hub;
        for (var i = 0; i < 3; i++)
        {
            var other = await me.CreateTaskAsync(project, $"Task {i}");
            await me.PostAsync($"/api/v1/tasks/{hub.Id}/links", $$"""{"kind":"relates","taskId":"{{other.Id}}"}""");
            last = await me.PostAsync($"/api/v1/tasks/{other.Id}/links", $$"""{"kind":"relates","taskId":"{{hub.Id}}"}""");
        }

        var found = new List<string>();
        var path = $"/api/v1/tasks/{hub.Id}/links?limit=2";
        var page = await me.GetAsync(path, ("Events-Min-Position", last.Position));
        for (; ; page = await me.GetAsync($"{path}&cursor={page.NextCursor}"))
        {
            page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
            found.AddRange(page.Items.Select(i => (string)i["direction"]! + i["task"]!["title"]));
            if (page.NextCursor is null)
                break;
        }

        found.Order(StringComparer.Ordinal).ShouldBe(["inTask 0", "inTask 1", "inTask 2", "outTask 0", "outTask 1", "outTask 2"]);
        var cursor = (await me.GetAsync(path)).NextCursor;
        (await me.GetAsync($"/api/v1/tasks/{hub.Id}/comments?cursor={cursor}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
        (await me.GetAsync($"/api/v1/tasks/{hub.Id}/links?limit=201")).ShouldBeProblem(HttpStatusCode.BadRequest, "out_of_range", "?limit");
        (await me.GetAsync($"/api/v1/tasks/{Guid.CreateVersion7()}/links")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }
}
