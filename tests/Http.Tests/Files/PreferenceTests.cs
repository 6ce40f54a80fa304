using System.Net;
using System.Text;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Files;

/// <summary>What one is written to about, and what a machine suggests.</summary>
public sealed class PreferenceTests(ApiServer server)
{
    [Fact]
    public async Task Notifications_are_chosen_per_person()
    {
        var me = await server.NewUserAsync();
        var other = await server.NewColleagueAsync(me);
        var before = (await me.GetAsync("/api/v1/me/notifications")).Text;
        var set = await PutAsync(me, """{"assigned":false,"digest":true}""");
        (set.Status, (bool)set.Body["assigned"]!, (bool)set.Body["mentioned"]!, (bool)set.Body["digest"]!).ShouldBe((HttpStatusCode.OK, false, true, true));
        (await me.GetAsync("/api/v1/me/notifications")).Text.ShouldBe(set.Text);
        (await other.GetAsync("/api/v1/me/notifications")).Text.ShouldBe(before);
        (await PutAsync(me, """{"assigned":"no"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "wrong_type", "/assigned");
        (await PutAsync(me, """{"pager":true}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_member", "/pager");
    }

    [Fact]
    public async Task A_suggestion_is_made_by_a_job_and_accepted_once()
    {
        var me = await server.NewUserAsync();
        (await me.PostAsync("/api/v1/labels", """{"name":"login","color":"#d73a4a"}""")).Status.ShouldBe(HttpStatusCode.Created);
        var text = string.Join(' ', Enumerable.Range(0, 12).Select(i => $"The login fails on old phones in step {i}. People expect that the login works at once."));
        var task = await me.CreateTaskAsync(await me.CreateProjectAsync(), "The login fails", $$""","description":"{{text}}" """);
        (await me.EndAsync(await me.PostAsync($"/api/v1/tasks/{task.Id}/suggestion", "")))["status"]!.ToString().ShouldBe("succeeded");
        var made = await me.GetAsync($"/api/v1/tasks/{task.Id}/suggestion");
        ((string)made.Body["status"]!).ShouldBe("open", made.Text);
        (await me.PostAsync($"/api/v1/tasks/{task.Id}/suggestion/accept", "")).Status.ShouldBe(HttpStatusCode.OK);
        ((string)(await me.PostAsync($"/api/v1/tasks/{task.Id}/suggestion/accept", "")).Body["status"]!).ShouldBe("accepted");
        (await me.PostAsync($"/api/v1/tasks/{task.Id}/suggestion/dismiss", "")).ShouldBeProblem(HttpStatusCode.Conflict, "no_open_suggestion");
        (await me.GetAsync($"/api/v1/tasks/{Guid.CreateVersion7()}/suggestion")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    private static Task<ApiAnswer> PutAsync(ApiUser me, string json) => me.SendAsync(HttpMethod.Put, "/api/v1/me/notifications", new StringContent(json, Encoding.UTF8, "application/json"));
}
