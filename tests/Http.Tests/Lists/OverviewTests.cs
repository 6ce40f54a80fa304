using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Lists;

public sealed class OverviewTests(ApiServer server)
{
    [Fact]
    public async Task A_task_is_found_while_its_title_is_typed_and_by_the_words_of_its_description()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project, "Something else");
        var task = await me.CreateTaskAsync(project, "Translate the onboarding", ""","description":"Ask the harbour office" """);
        var found = await me.GetAsync("/api/v1/search?q=onboar", ("Events-Min-Position", task.Position));
        found.Status.ShouldBe(HttpStatusCode.OK, found.Text);
        ((string)found.Items.ShouldHaveSingleItem()["id"]!).ShouldBe(task.Id);
        var words = await me.GetAsync("/api/v1/tasks?q=harbour%20office", ("Events-Min-Position", task.Position));
        ((string)words.Items.ShouldHaveSingleItem()["id"]!).ShouldBe(task.Id);
        (await me.GetAsync("/api/v1/tasks?q=harbour&status=done")).Items.ShouldBeEmpty();
        var stranger = await server.NewUserAsync();
        (await stranger.GetAsync("/api/v1/search?q=onboar")).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_desk_and_the_workspace_are_counted()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project, "Overdue", $$""","assigneeId":"{{me.PersonId}}","dueOn":"2020-01-01" """);
        var last = await me.CreateTaskAsync(project, "Done", ""","status":"done" """);
        var desk = await me.GetAsync("/api/v1/me/summary?today=2026-11-21", ("Events-Min-Position", last.Position));
        desk.Status.ShouldBe(HttpStatusCode.OK, desk.Text);
        ((int)desk.Body["assigned"]!["todo"]!).ShouldBe(1);
        ((int)desk.Body["overdue"]!).ShouldBe(1);
        var counts = await me.GetAsync("/api/v1/workspace/counts", ("Events-Min-Position", last.Position));
        ((int)counts.Body["total"]!).ShouldBe(2);
        ((int)counts.Body["open"]!).ShouldBe(1);
    }
}
