using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class RankTests(ApiServer server)
{
    [Fact]
    public async Task A_task_is_put_behind_before_and_between_others()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var (one, two, three, four) = (await NewAsync(me, project, "1"), await NewAsync(me, project, "2"), await NewAsync(me, project, "3"), await NewAsync(me, project, "4"));

        var between = await me.PostAsync($"/api/v1/tasks/{four}/rank", $$"""{"after":"{{one}}","before":"{{two}}"}""");
        between.Status.ShouldBe(HttpStatusCode.OK, between.Text);
        between.Body["changes"]!.AsArray().Select(c => (string)c!).ShouldBe(["task_reranked"]);
        between.ETag.ShouldBe("\"v2\"");
        (await OrderAsync(me, project, between)).ShouldBe(["1", "4", "2", "3"]);
        (await me.PostAsync($"/api/v1/tasks/{four}/rank", $$"""{"after":"{{one}}","before":"{{two}}"}""")).Body["changes"]!.AsArray().ShouldBeEmpty();

        (await OrderAsync(me, project, await me.PostAsync($"/api/v1/tasks/{three}/rank", $$"""{"after":"{{one}}"}"""))).ShouldBe(["1", "3", "4", "2"]);
        (await OrderAsync(me, project, await me.PostAsync($"/api/v1/tasks/{one}/rank", $$"""{"before":"{{two}}","after":null}"""))).ShouldBe(["3", "4", "1", "2"]);
        (await OrderAsync(me, project, await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"before":"{{three}}"}"""))).ShouldBe(["2", "3", "4", "1"]);
        var last = await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"after":"{{one}}"}""");
        (await OrderAsync(me, project, last)).ShouldBe(["3", "4", "1", "2"]);

        (await me.PostAsync("/api/v1/undo", $$"""{"position":{{last.Position}}}""")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Two_that_are_dropped_into_one_gap_at_once_get_places_of_their_own()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var (left, right) = (await NewAsync(me, project, "left"), await NewAsync(me, project, "right"));
        var moved = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => NewAsync(me, project, $"{i}")));
        var answers = await Task.WhenAll(moved.Select(id => me.PostAsync($"/api/v1/tasks/{id}/rank", $$"""{"after":"{{left}}","before":"{{right}}"}""")));
        answers.ShouldAllBe(a => a.Status == HttpStatusCode.OK);
        answers.Select(a => (string)a.Body["rank"]!).Distinct(StringComparer.Ordinal).Count().ShouldBe(8);
    }

    [Fact]
    public async Task It_keeps_versions_and_keys_as_every_command_does()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var (one, two) = (await NewAsync(me, project, "1"), await NewAsync(me, project, "2"));
        var body = $$"""{"before":"{{one}}"}""";
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", body, ("If-Match", "\"v7\""))).ShouldBeProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        var first = await me.PostAsync($"/api/v1/tasks/{two}/rank", body, ("If-Match", "\"v1\""), ("Idempotency-Key", "r-1"));
        var again = await me.PostAsync($"/api/v1/tasks/{two}/rank", body, ("If-Match", "\"v1\""), ("Idempotency-Key", "r-1"));
        (again.Status, again.Text, again.Position).ShouldBe((HttpStatusCode.OK, first.Text, first.Position));
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"after":"{{one}}"}""", ("Idempotency-Key", "r-1"))).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task Impossible_places_are_refused_with_their_pointer()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var (one, two) = (await NewAsync(me, project, "1"), await NewAsync(me, project, "2"));
        var elsewhere = await NewAsync(me, await me.CreateProjectAsync("APP"), "x");
        var before = await me.CountEventsAsync();
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", "{}")).ShouldBeProblem(HttpStatusCode.BadRequest, "required", "/after");
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"after":"{{one}}","before":"{{one}}"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "either_or", "/before");
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"rank":"i"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_member", "/rank");
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"after":"{{Guid.CreateVersion7()}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "neighbour_not_found", "/after");
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"before":"{{elsewhere}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "neighbour_in_other_project", "/before");
        (await me.PostAsync($"/api/v1/tasks/{two}/rank", $$"""{"before":"{{two}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "next_to_itself", "/before");
        (await me.PostAsync($"/api/v1/tasks/{elsewhere}/rank", $$"""{"after":"{{two}}","before":"{{one}}"}""")).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await me.PostAsync($"/api/v1/tasks/{Guid.CreateVersion7()}/rank", $$"""{"after":"{{two}}"}""")).ShouldBeProblem(HttpStatusCode.NotFound, "no_such_task");
        (await me.CountEventsAsync()).ShouldBe(before);
    }

    private static async Task<string> NewAsync(ApiUser me, Guid project, string title) => (await me.CreateTaskAsync(project, title)).Id;

    private static async Task<IEnumerable<string>> OrderAsync(ApiUser me, Guid project, ApiAnswer moved)
    {
        moved.Status.ShouldBe(HttpStatusCode.OK, moved.Text);
        var board = await me.GetAsync($"/api/v1/tasks?projectId={project}&sort=rank", ("Events-Min-Position", moved.Position));
        return board.Items.Select(i => (string)i["title"]!);
    }
}
