using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class TimeTravelTests(ApiServer server)
{
    [Fact]
    public async Task A_task_is_read_as_it_was_at_a_version_and_at_a_moment()
    {
        var me = await server.NewUserAsync();
        var created = await me.CreateTaskAsync(await me.CreateProjectAsync(), "First");
        var moment = (string)created.Body["createdAt"]!;
        var changed = await me.PatchAsync($"/api/v1/tasks/{created.Id}", """{"title":"Second"}""");
        (await me.GetAsync($"/api/v1/tasks/{created.Id}", ("Events-Min-Position", changed.Position))).Text.ShouldContain("Second");
        foreach (var query in new[] { "version=1", $"at={moment}" })
        {
            var past = await me.GetAsync($"/api/v1/tasks/{created.Id}?{query}");
            ((string)past.Body["title"]!).ShouldBe("First");
            past.ETag.ShouldBe("\"v1\"");
        }

        (await me.GetAsync($"/api/v1/tasks/{created.Id}?version=3")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await me.GetAsync($"/api/v1/tasks/{created.Id}?at=2020-01-01T00:00:00Z")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await me.GetAsync($"/api/v1/tasks/{created.Id}?version=1&at={moment}")).ShouldBeProblem(HttpStatusCode.BadRequest, "either_or", "?at");
        (await me.GetAsync($"/api/v1/tasks/{created.Id}?at=yesterday")).ShouldBeProblem(HttpStatusCode.BadRequest, "malformed_time", "?at");
    }

    [Fact]
    public async Task A_list_is_answered_as_it_was_at_a_moment_in_every_order()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var ids = new List<string>();
        ApiAnswer last = null!;
        for (var i = 0; i < 12; i++)
        {
            last = await me.CreateTaskAsync(project, $"Number {i}", $$""","priority":"{{(i % 2 == 0 ? "high" : "low")}}","dueOn":"2026-12-{{i + 1:D2}}" """);
            ids.Add(last.Id);
        }

        var sorts = new[] { "created", "-created", "updated", "-updated", "due", "-due", "priority", "rank", "-number" };
        var filters = new[] { "", "&status=todo", "&priority=high" };
        var before = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var sort in sorts)
        {
            foreach (var filter in filters)
                before[sort + filter] = (await me.GetAsync($"/api/v1/tasks?projectId={project}&sort={sort}{filter}", ("Events-Min-Position", last.Position))).Body["items"]!.ToJsonString();
        }

        var moment = (string)last.Body["createdAt"]!;
        foreach (var id in ids.Take(7))
            last = await me.PatchAsync($"/api/v1/tasks/{id}", """{"title":"Changed","status":"done","priority":"none","dueOn":null,"rank":"zz"}""");
        last = await me.DeleteAsync($"/api/v1/tasks/{ids[8]}");
        last = await me.CreateTaskAsync(project, "Later");
        (await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", last.Position))).Text.ShouldContain("Changed");

        foreach (var sort in sorts)
        {
            foreach (var filter in filters)
            {
                var items = new List<string>();
                var next = $"/api/v1/tasks?projectId={project}&at={moment}&sort={sort}{filter}&limit=5";
                while (next is not null)
                {
                    var page = await me.GetAsync(next);
                    page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
                    items.AddRange(page.Items.Select(i => i.ToJsonString()));
                    next = page.NextCursor is null ? null : page.Headers.GetValues("Link").Single().Split('<', '>')[1];
                }

                $"[{string.Join(',', items)}]".ShouldBe(before[sort + filter], sort + filter);
            }
        }
    }

    [Fact]
    public async Task A_diff_names_what_is_different_in_a_project_between_two_moments()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var one = await me.CreateTaskAsync(project, "One");
        var two = await me.CreateTaskAsync(project, "Two");
        var from = (string)two.Body["createdAt"]!;
        await me.PatchAsync($"/api/v1/tasks/{one.Id}", """{"status":"done","title":"One!"}""");
        await me.DeleteAsync($"/api/v1/tasks/{two.Id}");
        var three = await me.CreateTaskAsync(project, "Three");
        await me.PatchAsync($"/api/v1/tasks/{three.Id}", """{"title":"x"}""");
        var last = await me.PatchAsync($"/api/v1/tasks/{three.Id}", """{"title":"Three"}""");
        await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", last.Position));
        var diff = await me.GetAsync($"/api/v1/projects/{project}/diff?from={from}", ("Events-Min-Position", last.Position));
        diff.Status.ShouldBe(HttpStatusCode.OK, diff.Text);
        diff.Items.Select(i => ((string)i["key"]!, (string)i["change"]!)).ShouldBe([("WEB-1", "changed"), ("WEB-2", "deleted"), ("WEB-3", "created")]);
        diff.Items[0]["changes"]!.AsArray().Select(c => (string)c!["field"]!).ShouldBe(["title", "status"]);
        (await me.GetAsync($"/api/v1/projects/{project}/diff")).ShouldBeProblem(HttpStatusCode.BadRequest, "required", "?from");
    }
}
