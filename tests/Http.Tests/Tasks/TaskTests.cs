using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class TaskTests(ApiServer server)
{
    [Fact]
    public async Task A_created_task_is_listed_and_read_at_its_own_position()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var created = await me.CreateTaskAsync(project, "Write the notes", ""","labels":["docs"],"priority":"high","dueOn":"2026-12-01" """);
        ((string)created.Body["key"]!).ShouldBe("WEB-1");
        created.ETag.ShouldBe("\"v1\"");
        created.Headers.Location!.ToString().ShouldBe($"/api/v1/tasks/{created.Id}");

        var list = await me.GetAsync($"/api/v1/tasks?projectId={project}", ("Events-Min-Position", created.Position));
        list.Status.ShouldBe(HttpStatusCode.OK, list.Text);
        list.Items.ShouldHaveSingleItem().ToJsonString().ShouldBe(created.Body.ToJsonString());
        list.NextCursor.ShouldBeNull();

        var detail = await me.GetAsync($"/api/v1/tasks/{created.Id}", ("Events-Min-Position", created.Position));
        detail.Status.ShouldBe(HttpStatusCode.OK, detail.Text);
        ((string)detail.Body["title"]!).ShouldBe("Write the notes");
        detail.ETag.ShouldBe("\"v1\"");
        (await me.GetAsync($"/api/v1/tasks/{created.Id}", ("If-None-Match", "\"v1\""))).Status.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task Numbers_of_a_project_increase_and_are_never_used_twice()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var keys = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => (int)(await me.CreateTaskAsync(project)).Body["number"]!));
        keys.Distinct().Count().ShouldBe(50);
        ((int)(await me.CreateTaskAsync(project)).Body["number"]!).ShouldBeGreaterThan(keys.Max() - 64);
    }

    [Fact]
    public async Task A_merge_patch_changes_what_it_names_and_leaves_the_rest()
    {
        var me = await server.NewUserAsync();
        var created = await me.CreateTaskAsync(await me.CreateProjectAsync(), "Write the notes", ""","dueOn":"2026-12-01","labels":["docs"] """);
        var patched = await me.PatchAsync($"/api/v1/tasks/{created.Id}", """{"status":"done","dueOn":null,"labels":["api"]}""");
        patched.Status.ShouldBe(HttpStatusCode.OK, patched.Text);
        patched.Body["changes"]!.AsArray().Select(c => (string)c!).ShouldBe(["task_status_changed", "task_scheduled", "task_unlabelled", "task_labelled"]);
        patched.ETag.ShouldBe("\"v5\"");

        var detail = await me.GetAsync($"/api/v1/tasks/{created.Id}", ("Events-Min-Position", patched.Position));
        ((string)detail.Body["title"]!).ShouldBe("Write the notes");
        ((string)detail.Body["status"]!).ShouldBe("done");
        detail.Body["dueOn"].ShouldBeNull();
        var history = await me.GetAsync($"/api/v1/tasks/{created.Id}/history");
        history.Items.Select(i => (string)i["type"]!).ShouldBe(["task_labelled", "task_unlabelled", "task_scheduled", "task_status_changed", "task_created"]);
    }

    [Fact]
    public async Task Comments_checklist_links_and_watchers_come_and_go()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var one = (await me.CreateTaskAsync(project)).Id;
        var two = (await me.CreateTaskAsync(project)).Id;
        var comment = await me.PostAsync($"/api/v1/tasks/{one}/comments", """{"body":"Done?"}""");
        comment.Status.ShouldBe(HttpStatusCode.Created, comment.Text);
        (await me.PatchAsync($"/api/v1/tasks/{one}/comments/{comment.Id}", """{"body":"Done!"}""")).Status.ShouldBe(HttpStatusCode.OK);
        var item = await me.PostAsync($"/api/v1/tasks/{one}/checklist", """{"text":"Ask Ann"}""");
        (await me.PatchAsync($"/api/v1/tasks/{one}/checklist/{item.Id}", """{"done":true}""")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.PostAsync($"/api/v1/tasks/{one}/links", $$"""{"kind":"blocks","taskId":"{{two}}"}""")).Status.ShouldBe(HttpStatusCode.OK);
        var watched = await me.SendAsync(HttpMethod.Put, $"/api/v1/tasks/{one}/watchers/{me.PersonId}");
        watched.Status.ShouldBe(HttpStatusCode.OK, watched.Text);

        var detail = await me.GetAsync($"/api/v1/tasks/{one}", ("Events-Min-Position", watched.Position));
        ((bool)detail.Body["checklist"]![0]!["done"]!).ShouldBeTrue();
        ((string)detail.Body["links"]![0]!["taskId"]!).ShouldBe(two);
        ((int)detail.Body["commentCount"]!).ShouldBe(1);
        var comments = await me.GetAsync($"/api/v1/tasks/{one}/comments");
        ((string)comments.Items.ShouldHaveSingleItem()["body"]!).ShouldBe("Done!");

        (await me.DeleteAsync($"/api/v1/tasks/{one}/comments/{comment.Id}")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.DeleteAsync($"/api/v1/tasks/{one}/checklist/{item.Id}")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.DeleteAsync($"/api/v1/tasks/{one}/links/blocks/{two}")).Status.ShouldBe(HttpStatusCode.OK);
        var gone = await me.DeleteAsync($"/api/v1/tasks/{one}/watchers/{me.PersonId}");
        detail = await me.GetAsync($"/api/v1/tasks/{one}", ("Events-Min-Position", gone.Position));
        detail.Body["checklist"]!.AsArray().ShouldBeEmpty();
        detail.Body["links"]!.AsArray().ShouldBeEmpty();
        ((int)detail.Body["commentCount"]!).ShouldBe(0);
    }

    [Fact]
    public async Task An_archived_or_deleted_task_leaves_the_lists_and_comes_back()
    {
        var me = await server.NewUserAsync();
        var task = (await me.CreateTaskAsync(await me.CreateProjectAsync())).Id;
        foreach (var (away, back) in new[] { ("archive", "unarchive"), ("", "restore") })
        {
            var gone = away.Length == 0 ? await me.DeleteAsync($"/api/v1/tasks/{task}") : await me.PostAsync($"/api/v1/tasks/{task}/{away}", "");
            gone.Status.ShouldBe(HttpStatusCode.OK, gone.Text);
            (await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", gone.Position))).Items.ShouldBeEmpty();
            (await me.PatchAsync($"/api/v1/tasks/{task}", """{"title":"x"}""")).Status.ShouldBe(HttpStatusCode.Conflict);
            var returned = await me.PostAsync($"/api/v1/tasks/{task}/{back}", "");
            (await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", returned.Position))).Items.ShouldHaveSingleItem();
        }
    }

    [Fact]
    public async Task A_project_key_is_taken_once()
    {
        var me = await server.NewUserAsync();
        await me.CreateProjectAsync();
        (await me.PostAsync("/api/v1/projects", """{"key":"WEB","name":"Another"}""")).ShouldBeProblem(HttpStatusCode.Conflict, "project_key_taken", "/key");
        var other = await server.NewUserAsync();
        await other.CreateProjectAsync();
    }

    [Fact]
    public async Task A_project_is_changed_archived_and_restored()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        (await me.PatchAsync($"/api/v1/projects/{project}", """{"name":"Shop","status":"paused","endsOn":"2027-01-31"}""")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.PostAsync($"/api/v1/projects/{project}/archive", "")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"x"}""")).ShouldBeProblem(HttpStatusCode.Conflict, "project_archived", "/projectId");
        var restored = await me.PostAsync($"/api/v1/projects/{project}/restore", "");
        var detail = await me.GetAsync($"/api/v1/projects/{project}", ("Events-Min-Position", restored.Position));
        ((string)detail.Body["name"]!).ShouldBe("Shop");
        ((bool)detail.Body["archived"]!).ShouldBeFalse();
        (await me.GetAsync("/api/v1/projects")).Items.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_client_may_make_the_id_when_it_is_a_uuidv7()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var id = Guid.CreateVersion7();
        (await me.CreateTaskAsync(project, "Mine", $$""","id":"{{id}}" """)).Id.ShouldBe(id.ToString());
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"x","id":"{{id}}"}""")).ShouldBeProblem(HttpStatusCode.Conflict, "task_exists", "/id");
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"x","id":"{{Guid.NewGuid()}}"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "not_uuidv7", "/id");
    }

    [Fact]
    public async Task What_was_made_under_an_id_of_ones_own_is_not_made_again()
    {
        var me = await server.NewUserAsync();
        var task = (await me.CreateTaskAsync(await me.CreateProjectAsync())).Id;
        var id = Guid.CreateVersion7();
        foreach (var (part, body, code) in new[] { ("comments", "body", "comment_exists"), ("checklist", "text", "checklist_item_exists") })
        {
            var json = $$"""{"id":"{{id}}","{{body}}":"Said"}""";
            var first = await me.PostAsync($"/api/v1/tasks/{task}/{part}", json, ("Idempotency-Key", part));
            first.Status.ShouldBe(HttpStatusCode.Created, first.Text);
            (await me.PostAsync($"/api/v1/tasks/{task}/{part}", json)).ShouldBeProblem(HttpStatusCode.Conflict, code, "/id");
            (await me.PostAsync($"/api/v1/tasks/{task}/{part}", json, ("Idempotency-Key", part))).Text.ShouldBe(first.Text);
        }
    }

    [Fact]
    public async Task Tasks_do_not_block_each_other_in_a_ring_however_many_try_at_once()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        string[] tasks = [(await me.CreateTaskAsync(project)).Id, (await me.CreateTaskAsync(project)).Id, (await me.CreateTaskAsync(project)).Id];
        Task<ApiAnswer> Blocks(int one, int other) => me.PostAsync($"/api/v1/tasks/{tasks[one]}/links", $$"""{"kind":"blocks","taskId":"{{tasks[other]}}"}""");
        (await Blocks(0, 1)).Status.ShouldBe(HttpStatusCode.OK);
        (await Blocks(1, 0)).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "link_cycle", "/taskId");
        var answers = await Task.WhenAll(Blocks(1, 2), Blocks(2, 0));
        answers.Select(a => a.Status).Order().ShouldBe([HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity]);
        (await me.PostAsync($"/api/v1/tasks/{tasks[1]}/links", $$"""{"kind":"relates","taskId":"{{tasks[0]}}"}""")).Status.ShouldBe(HttpStatusCode.OK);
    }
}
