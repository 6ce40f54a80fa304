using System.Net;
using Events.Http.Tests.Api;
using Events.Http.Tests.Files;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Projects;

/// <summary>A restricted project does not exist for the others: neither its tasks, nor their number, nor whether an id is one of them.</summary>
public sealed class HiddenProjectTests(ApiServer server)
{
    [Fact]
    public async Task What_is_hidden_is_not_counted()
    {
        var (owner, member, open, hidden, _) = await TwoProjectsAsync();
        await LetInAsync(owner, hidden, member.PersonId);
        await owner.CreateTaskAsync(open, "Mine", $$""","assigneeId":"{{member.PersonId}}","dueOn":"2026-11-20" """);
        var last = await owner.CreateTaskAsync(hidden, "Hidden", $$""","assigneeId":"{{member.PersonId}}","dueOn":"2026-11-20","status":"done" """);
        last = await owner.PatchAsync($"/api/v1/tasks/{last.Id}", """{"status":"in_review"}""");
        await LetInAsync(owner, hidden);
        var seen = ("Events-Min-Position", last.Position);

        var all = await owner.GetAsync("/api/v1/workspace/counts", seen);
        ((int)all.Body["total"]!).ShouldBe(4, all.Text);
        var part = await member.GetAsync("/api/v1/workspace/counts", seen);
        part.Status.ShouldBe(HttpStatusCode.OK, part.Text);
        ((int)part.Body["total"]!, (int)part.Body["tasks"]!["in_review"]!).ShouldBe((2, 0));

        var projects = (await owner.GetAsync("/api/v1/projects", seen)).Body["items"]!.AsArray();
        ((int)projects.Single(p => (Guid)p!["id"]! == hidden)!["taskCounts"]!["in_review"]!).ShouldBe(1);
        var listed = (await member.GetAsync("/api/v1/projects", seen)).Body["items"]!.AsArray().Single()!;
        ((Guid)listed["id"]!, (int)listed["taskCounts"]!["todo"]!, (int)listed["taskCounts"]!["done"]!).ShouldBe((open, 2, 0), listed.ToJsonString());

        var flow = await member.GetAsync("/api/v1/workspace/flow", seen);
        var today = flow.Body["days"]!.AsArray()[^1]!;
        ((int)today["todo"]!, (int)today["in_review"]!).ShouldBe((2, 0), flow.Text);
        ((int)(await owner.GetAsync("/api/v1/workspace/flow", seen)).Body["days"]!.AsArray()[^1]!["in_review"]!).ShouldBe(1);

        var desk = await member.GetAsync("/api/v1/me/summary?today=2026-11-21", seen);
        desk.Status.ShouldBe(HttpStatusCode.OK, desk.Text);
        ((int)desk.Body["open"]!, (int)desk.Body["overdue"]!, (int)desk.Body["assigned"]!["in_review"]!).ShouldBe((1, 1, 0), desk.Text);
    }

    [Fact]
    public async Task What_is_hidden_is_answered_as_what_never_was()
    {
        var (_, member, open, hidden, secret) = await TwoProjectsAsync();
        var mine = (await member.CreateTaskAsync(open, "Mine")).Id;
        var nowhere = Guid.CreateVersion7();
        foreach (var path in new[] { "/api/v1/workspace/counts?projectId={0}", "/api/v1/workspace/flow?projectId={0}", "/api/v1/projects/{0}", "/api/v1/projects/{0}/diff?from=2026-01-01T00:00:00Z" })
            await SameAsync(id => member.GetAsync(string.Format(null, path, id)), hidden, nowhere, HttpStatusCode.NotFound);
        foreach (var path in new[] { "/api/v1/tasks/{0}", "/api/v1/tasks/{0}?version=1", "/api/v1/tasks/{0}/history", "/api/v1/tasks/{0}/comments", "/api/v1/tasks/{0}/links", "/api/v1/tasks/{0}/suggestion" })
            await SameAsync(id => member.GetAsync(string.Format(null, path, id)), secret, nowhere, HttpStatusCode.NotFound);
        await SameAsync(id => member.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{id}}","title":"x"}"""), hidden, nowhere, HttpStatusCode.UnprocessableEntity);
        await SameAsync(id => member.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{open}}","title":"x","parentId":"{{id}}"}"""), secret, nowhere, HttpStatusCode.UnprocessableEntity);
        await SameAsync(id => member.PatchAsync($"/api/v1/tasks/{mine}", $$"""{"parentId":"{{id}}"}"""), secret, nowhere, HttpStatusCode.UnprocessableEntity);
        await SameAsync(id => member.PostAsync($"/api/v1/tasks/{mine}/links", $$"""{"kind":"blocks","taskId":"{{id}}"}"""), secret, nowhere, HttpStatusCode.UnprocessableEntity);
        await SameAsync(id => member.PostAsync($"/api/v1/tasks/{mine}/rank", $$"""{"after":"{{id}}"}"""), secret, nowhere, HttpStatusCode.UnprocessableEntity);
        await SameAsync(id => member.PostAsync("/api/v1/tasks/bulk", $$$"""{"filter":{"projectId":"{{{id}}}"},"changes":{"priority":"low"}}"""), hidden, nowhere, HttpStatusCode.UnprocessableEntity);
        await SameAsync(id => member.PostAsync("/api/v1/exports", $$$"""{"format":"csv","filter":{"projectId":"{{{id}}}"}}"""), hidden, nowhere, HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task A_link_to_or_from_what_is_hidden_is_not_shown()
    {
        var (owner, member, open, _, secret) = await TwoProjectsAsync();
        var task = await owner.CreateTaskAsync(open, "Seen");
        await owner.PostAsync($"/api/v1/tasks/{secret}/links", $$"""{"kind":"blocks","taskId":"{{task.Id}}"}""");
        var linked = await owner.PostAsync($"/api/v1/tasks/{task.Id}/links", $$"""{"kind":"relates","taskId":"{{secret}}"}""");
        var seen = ("Events-Min-Position", linked.Position);
        (await owner.GetAsync($"/api/v1/tasks/{task.Id}/links", seen)).Items.Count.ShouldBe(2);
        (await member.GetAsync($"/api/v1/tasks/{task.Id}/links", seen)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_is_assigned_or_made_to_watch_what_is_hidden_from_them()
    {
        var (owner, member, open, hidden, secret) = await TwoProjectsAsync();
        var before = await owner.CountEventsAsync();
        (await owner.PatchAsync($"/api/v1/tasks/{secret}", $$"""{"assigneeId":"{{member.PersonId}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "assignee_sees_not", "/assigneeId");
        (await owner.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{hidden}}","title":"x","assigneeId":"{{member.PersonId}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "assignee_sees_not", "/assigneeId");
        (await owner.SendAsync(HttpMethod.Put, $"/api/v1/tasks/{secret}/watchers/{member.PersonId}")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "watcher_sees_not");
        (await owner.PostAsync("/api/v1/tasks/bulk", $$$"""{"filter":{"projectId":"{{{hidden}}}"},"changes":{"assigneeId":"{{{member.PersonId}}}"}}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "assignee_sees_not", "/changes/assigneeId");
        var batch = await owner.PostAsync("/api/v1/tasks/batch", $$$"""{"operations":[{"op":"change","id":"{{{secret}}}","changes":{"assigneeId":"{{{member.PersonId}}}"}}]}""");
        batch.Text.ShouldContain("assignee_sees_not");
        (await owner.CountEventsAsync()).ShouldBe(before);

        await LetInAsync(owner, hidden, member.PersonId);
        (await owner.PatchAsync($"/api/v1/tasks/{secret}", $$"""{"assigneeId":"{{member.PersonId}}"}""")).Status.ShouldBe(HttpStatusCode.OK);
        (await owner.CreateTaskAsync(open, "Open", $$""","assigneeId":"{{member.PersonId}}" """)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Nobody_leads_what_is_hidden_from_them()
    {
        var (owner, member, open, hidden, _) = await TwoProjectsAsync();
        var before = await owner.CountEventsAsync();
        var lead = $$"""{"leadId":"{{member.PersonId}}"}""";
        (await owner.PatchAsync($"/api/v1/projects/{hidden}", lead)).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "lead_sees_not", "/leadId");
        (await owner.PatchAsync($"/api/v1/projects/{hidden}", $$"""{"name":"Other","leadId":"{{member.PersonId}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "lead_sees_not", "/leadId");
        (await owner.CountEventsAsync()).ShouldBe(before);

        (await owner.PatchAsync($"/api/v1/projects/{open}", lead)).Status.ShouldBe(HttpStatusCode.OK);
        await LetInAsync(owner, hidden, member.PersonId);
        (await owner.PatchAsync($"/api/v1/projects/{hidden}", lead)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_import_gives_nobody_a_task_that_is_hidden_from_them()
    {
        var (owner, member, open, hidden, _) = await TwoProjectsAsync();
        var address = (string)(await owner.GetAsync("/api/v1/members")).Items.Single(m => (Guid)m["personId"]! == member.PersonId)["email"]!;
        var file = await owner.UploadAsync($"title,assignee email\nImported,{address}\n");
        foreach (var (project, isTheirs) in ((Guid, bool)[])[(hidden, false), (open, true)])
        {
            var job = await owner.EndAsync(await owner.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"csv","projectId":"{{project}}"}"""));
            ((string)job["status"]!, (int)job["result"]!["created"]!).ShouldBe(("succeeded", 1), job.ToJsonString());
            var last = await owner.CreateTaskAsync(project, "After");
            var tasks = await owner.GetAsync($"/api/v1/tasks?projectId={project}", ("Events-Min-Position", last.Position));
            var assignee = (Guid?)tasks.Items.Single(t => (string)t["title"]! == "Imported")["assigneeId"];
            assignee.ShouldNotBeNull("a placeholder, or themselves");
            (assignee == member.PersonId).ShouldBe(isTheirs);
        }
    }

    private static async Task LetInAsync(ApiUser owner, Guid project, params Guid[] people)
    {
        var members = string.Join(',', people.Select(p => $"\"{p}\""));
        var body = $$"""{"visibility":"members","memberIds":[{{members}}]}""";
        (await owner.SendAsync(HttpMethod.Put, $"/api/v1/projects/{project}/access", new StringContent(body, System.Text.Encoding.UTF8, "application/json"))).Status.ShouldBe(HttpStatusCode.NoContent);
    }

    /// <summary>But for the trace, which is each request's own.</summary>
    private static async Task SameAsync(Func<Guid, Task<ApiAnswer>> ask, Guid hidden, Guid nowhere, HttpStatusCode status)
    {
        var (one, other) = (await ask(hidden), await ask(nowhere));
        one.Status.ShouldBe(status, one.Text);
        other.Status.ShouldBe(status, other.Text);
        one.Body["traceId"] = other.Body["traceId"] = null;
        var (left, right) = (one.Body.AsObject(), other.Body.AsObject());
        left.Remove("traceId");
        right.Remove("traceId");
        left.ToJsonString().ShouldBe(right.ToJsonString());
    }

    private async Task<(ApiUser Owner, ApiUser Member, Guid Open, Guid Hidden, Guid Secret)> TwoProjectsAsync()
    {
        var owner = await server.NewUserAsync();
        var member = await server.NewColleagueAsync(owner);
        var (open, hidden) = (await owner.CreateProjectAsync(), await owner.CreateProjectAsync("SEC"));
        await LetInAsync(owner, hidden);
        await owner.CreateTaskAsync(open, "Open");
        return (owner, member, open, hidden, Guid.Parse((await owner.CreateTaskAsync(hidden, "Secret")).Id));
    }
}
