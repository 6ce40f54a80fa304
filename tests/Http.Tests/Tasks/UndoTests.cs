using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class UndoTests(ApiServer server)
{
    [Fact]
    public async Task Ones_own_change_is_undone_by_its_inverse()
    {
        var me = await server.NewUserAsync();
        var created = await me.CreateTaskAsync(await me.CreateProjectAsync(), "First");
        var changed = await me.PatchAsync($"/api/v1/tasks/{created.Id}", """{"title":"Second"}""");
        var undone = await me.PostAsync("/api/v1/undo", $$"""{"position":{{changed.Position}}}""", ("Idempotency-Key", "u-1"));
        undone.Status.ShouldBe(HttpStatusCode.OK, undone.Text);
        undone.Body["changes"]!.AsArray().Select(c => (string)c!).ShouldBe(["task_retitled"]);
        var detail = await me.GetAsync($"/api/v1/tasks/{created.Id}", ("Events-Min-Position", undone.Position));
        ((string)detail.Body["title"]!).ShouldBe("First");
        (await me.PostAsync("/api/v1/undo", $$"""{"position":{{changed.Position}}}""", ("Idempotency-Key", "u-1"))).Text.ShouldBe(undone.Text);
    }

    [Fact]
    public async Task What_was_changed_since_is_not_undone_and_says_so()
    {
        var me = await server.NewUserAsync();
        var created = await me.CreateTaskAsync(await me.CreateProjectAsync(), "First");
        var second = await me.PatchAsync($"/api/v1/tasks/{created.Id}", """{"title":"Second"}""");
        await me.PatchAsync($"/api/v1/tasks/{created.Id}", """{"title":"Third"}""");
        (await me.PostAsync("/api/v1/undo", $$"""{"position":{{second.Position}}}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "changed_since", "/position");
    }

    [Fact]
    public async Task A_patch_of_several_members_is_undone_whole_whichever_of_its_events_is_named()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var created = await me.CreateTaskAsync(project, "First", ""","labels":["a","b"]""");
        foreach (var back in new[] { 0, 1, 3 })
        {
            var changed = await me.PatchAsync($"/api/v1/tasks/{created.Id}", """{"title":"Second","status":"done","labels":["b","c"]}""");
            changed.Body["changes"]!.AsArray().Count.ShouldBe(4, changed.Text);
            var undone = await me.PostAsync("/api/v1/undo", $$"""{"position":{{long.Parse(changed.Position) - back}}}""");
            undone.Body["changes"]!.AsArray().Count.ShouldBe(4, undone.Text);
            var detail = await me.GetAsync($"/api/v1/tasks/{created.Id}", ("Events-Min-Position", undone.Position));
            ((string)detail.Body["title"]!, (string)detail.Body["status"]!).ShouldBe(("First", "todo"));
            detail.Body["labels"]!.AsArray().Select(l => (string)l!).Order().ShouldBe(["a", "b"]);
        }

        var renamed = await me.PatchAsync($"/api/v1/projects/{project}", """{"name":"Other","description":"Text"}""");
        var restored = await me.PostAsync("/api/v1/undo", $$"""{"position":{{renamed.Position}}}""");
        restored.Body["changes"]!.AsArray().Select(c => (string)c!).ShouldBe(["project_described", "project_renamed"], restored.Text);
    }

    [Fact]
    public async Task A_project_that_was_created_has_no_way_back_and_says_so()
    {
        var me = await server.NewUserAsync();
        var created = await me.PostAsync("/api/v1/projects", """{"key":"WEB","name":"Website"}""");
        (await me.PostAsync("/api/v1/undo", $$"""{"position":{{created.Position}}}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "cannot_undo", "/position");
    }

    [Fact]
    public async Task Only_ones_own_changes_of_ones_own_workspace_are_undone()
    {
        var me = await server.NewUserAsync();
        var other = await server.NewUserAsync();
        var created = await me.CreateTaskAsync(await me.CreateProjectAsync());
        (await other.PostAsync("/api/v1/undo", $$"""{"position":{{created.Position}}}""")).ShouldBeProblem(HttpStatusCode.NotFound, "no_such_change", "/position");
        (await me.PostAsync("/api/v1/undo", """{"position":0}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "out_of_range", "/position");
    }

    [Fact]
    public async Task A_deleted_comment_and_a_created_task_have_a_way_back()
    {
        var me = await server.NewUserAsync();
        var created = await me.CreateTaskAsync(await me.CreateProjectAsync());
        var comment = await me.PostAsync($"/api/v1/tasks/{created.Id}/comments", """{"body":"Keep me"}""");
        var deleted = await me.DeleteAsync($"/api/v1/tasks/{created.Id}/comments/{comment.Id}");
        (await me.PostAsync("/api/v1/undo", $$"""{"position":{{deleted.Position}}}""")).Status.ShouldBe(HttpStatusCode.OK);
        var gone = await me.PostAsync("/api/v1/undo", $$"""{"position":{{created.Position}}}""");
        gone.Body["changes"]!.AsArray().Select(c => (string)c!).ShouldBe(["task_deleted"]);
        var detail = await me.GetAsync($"/api/v1/tasks/{created.Id}", ("Events-Min-Position", gone.Position));
        ((bool)detail.Body["deleted"]!).ShouldBeTrue();
        ((int)detail.Body["commentCount"]!).ShouldBe(1);
    }
}
