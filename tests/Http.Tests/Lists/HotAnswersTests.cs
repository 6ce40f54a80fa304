using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Lists;

/// <summary>What is asked again is answered from memory, and never with less than the read model would say.</summary>
public sealed class HotAnswersTests(ApiServer server)
{
    [Fact]
    public async Task P12_what_memory_answers_is_what_the_read_model_answered()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var task = await me.CreateTaskAsync(project, "Harbour");
        foreach (var path in new[] { "/api/v1/tasks", $"/api/v1/tasks?projectId={project}&sort=-updated&limit=1", $"/api/v1/tasks/{task.Id}", "/api/v1/search?q=harb", "/api/v1/search?q=harbour&mode=words" })
        {
            var read = await me.GetAsync(path, ("Events-Min-Position", task.Position), ("Cache-Control", "no-cache"));
            var kept = await AskUntilHotAsync(me, path, task.Position);
            kept.Text.ShouldBe(read.Text, path);
            kept.ETag.ShouldBe(read.ETag);
            long.Parse(kept.Position).ShouldBeGreaterThanOrEqualTo(long.Parse(task.Position));
            (await me.GetAsync(path, ("If-None-Match", read.ETag!))).Status.ShouldBe(HttpStatusCode.NotModified, path);
            IsHot(await me.GetAsync(path, ("Cache-Control", "no-cache"))).ShouldBeFalse(path);
        }
    }

    [Fact]
    public async Task P12_every_change_is_seen_by_who_asks_for_its_position()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var task = await me.CreateTaskAsync(project, "Round 0");
        for (var round = 1; round <= 20; round++)
        {
            await AskUntilHotAsync(me, "/api/v1/tasks", task.Position);
            await AskUntilHotAsync(me, $"/api/v1/tasks/{task.Id}", task.Position);
            var changed = await me.PatchAsync($"/api/v1/tasks/{task.Id}", $$"""{"title":"Round {{round}}"}""");
            foreach (var path in new[] { "/api/v1/tasks", $"/api/v1/tasks/{task.Id}" })
                (await me.GetAsync(path, ("Events-Min-Position", changed.Position))).Text.ShouldContain($"\"Round {round}\"");
        }
    }

    [Fact]
    public async Task What_others_do_elsewhere_leaves_it_as_it_is()
    {
        var (me, other) = (await server.NewUserAsync(), await server.NewUserAsync());
        var task = await me.CreateTaskAsync(await me.CreateProjectAsync());
        var kept = await AskUntilHotAsync(me, "/api/v1/tasks", task.Position);
        var theirs = await other.CreateTaskAsync(await other.CreateProjectAsync());
        await other.GetAsync("/api/v1/tasks", ("Events-Min-Position", theirs.Position));
        var again = await AskUntilHotAsync(me, "/api/v1/tasks", "0");
        again.Text.ShouldBe(kept.Text);
        IsHot(await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", theirs.Position))).ShouldBe(long.Parse(again.Position) >= long.Parse(theirs.Position));
    }

    [Fact]
    public async Task P8_who_may_see_less_is_not_answered_from_memory()
    {
        var owner = await server.NewUserAsync();
        var member = await server.NewColleagueAsync(owner);
        var hidden = await owner.CreateProjectAsync("SEC");
        var secret = await owner.CreateTaskAsync(hidden, "Secret");
        await AskUntilHotAsync(member, "/api/v1/tasks", secret.Position);
        await AskUntilHotAsync(member, $"/api/v1/tasks/{secret.Id}", secret.Position);
        var body = new StringContent("""{"visibility":"members","memberIds":[]}""", System.Text.Encoding.UTF8, "application/json");
        (await owner.SendAsync(HttpMethod.Put, $"/api/v1/projects/{hidden}/access", body)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await member.GetAsync("/api/v1/tasks")).Items.ShouldBeEmpty();
        (await member.GetAsync($"/api/v1/tasks/{secret.Id}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await owner.GetAsync("/api/v1/tasks")).Items.ShouldHaveSingleItem();
    }

    private static bool IsHot(ApiAnswer answer) => answer.Headers.TryGetValues("Cache-Status", out var said) && said.Single() == "events; hit";

    /// <summary>Other tests' requests may push out the memory of having been asked once.</summary>
    private static async Task<ApiAnswer> AskUntilHotAsync(ApiUser user, string path, string position)
    {
        for (var asked = 0; asked < 100; asked++)
        {
            var answer = await user.GetAsync(path, ("Events-Min-Position", position));
            answer.Status.ShouldBe(HttpStatusCode.OK, answer.Text);
            if (IsHot(answer))
                return answer;
        }

        throw new InvalidOperationException($"{path} was never answered from memory.");
    }
}
