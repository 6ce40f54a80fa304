using System.Net;
using System.Text;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Problems;

public sealed class BadInputTests(ApiServer server)
{
    [Theory]
    [InlineData("""{"projectId":"PROJECT","title":1}""", "/title", "wrong_type")]
    [InlineData("""{"projectId":"PROJECT","title":{"a":[1]}}""", "/title", "wrong_type")]
    [InlineData("""{"projectId":"PROJECT","title":null}""", "/title", "not_nullable")]
    [InlineData("""{"projectId":"PROJECT"}""", "/title", "required")]
    [InlineData("""{"title":"x"}""", "/projectId", "required")]
    [InlineData("""{"projectId":"nonsense","title":"x"}""", "/projectId", "malformed_id")]
    [InlineData("""{"projectId":"PROJECT","title":"x","colour":"red"}""", "/colour", "unknown_member")]
    [InlineData("""{"projectId":"PROJECT","title":"x","a/b~c":{"d":[{}]}}""", "/a~1b~0c", "unknown_member")]
    [InlineData("""{"projectId":"PROJECT","title":"x","title":"y"}""", "/title", "duplicate_member")]
    [InlineData("""{"projectId":"PROJECT","title":"  "}""", "/title", "required")]
    [InlineData("""{"projectId":"PROJECT","title":"a\u0000b"}""", "/title", "malformed_text")]
    [InlineData("""{"projectId":"PROJECT","title":"\ud83d"}""", "/title", "malformed_text")]
    [InlineData("""{"projectId":"PROJECT","title":"x","status":"\ud800todo"}""", "/status", "malformed_text")]
    [InlineData("""{"projectId":"\ud800","title":"x"}""", "/projectId", "malformed_text")]
    [InlineData("""{"projectId":"PROJECT","title":"x","\ud800":1}""", "/?", "unknown_member")]
    [InlineData("""{"projectId":"PROJECT","title":"x","status":"Done"}""", "/status", "unknown_value")]
    [InlineData("""{"projectId":"PROJECT","title":"x","priority":3}""", "/priority", "wrong_type")]
    [InlineData("""{"projectId":"PROJECT","title":"x","dueOn":"2026-02-30"}""", "/dueOn", "malformed_date")]
    [InlineData("""{"projectId":"PROJECT","title":"x","dueOn":"9999-12-31"}""", "/dueOn", "out_of_range")]
    [InlineData("""{"projectId":"PROJECT","title":"x","estimate":1e300}""", "/estimate", "out_of_range")]
    [InlineData("""{"projectId":"PROJECT","title":"x","estimate":"2"}""", "/estimate", "wrong_type")]
    [InlineData("""{"projectId":"PROJECT","title":"x","labels":"docs"}""", "/labels", "wrong_type")]
    [InlineData("""{"projectId":"PROJECT","title":"x","labels":["a",1]}""", "/labels/1", "wrong_type")]
    [InlineData("""{"projectId":"PROJECT","title":"x","labels":["a","a"]}""", "/labels/1", "duplicate")]
    [InlineData("""{"projectId":"PROJECT","title":"x","parentId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f"}""", "/parentId", "parent_not_found")]
    public async Task P11_bad_input_is_named_by_its_member_and_changes_nothing(string body, string pointer, string code)
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var before = await me.CountEventsAsync();
        var answer = await me.PostAsync("/api/v1/tasks", body.Replace("PROJECT", project.ToString(), StringComparison.Ordinal));
        answer.ShouldBeProblem(code is "parent_not_found" ? HttpStatusCode.UnprocessableEntity : HttpStatusCode.BadRequest, code, pointer);
        (await me.CountEventsAsync()).ShouldBe(before);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{} {}")]
    [InlineData("{\"title\":\"x\",}")]
    [InlineData("// comment")]
    public async Task P11_what_is_not_a_json_object_is_refused(string body)
    {
        var me = await server.NewUserAsync();
        var answer = await me.PostAsync("/api/v1/tasks", body);
        answer.Status.ShouldBe(HttpStatusCode.BadRequest, answer.Text);
        answer.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task P11_deep_large_and_broken_bodies_are_refused()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var deep = $$"""{"projectId":"{{project}}","title":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}""";
        (await me.PostAsync("/api/v1/tasks", deep)).ShouldBeProblem(HttpStatusCode.BadRequest, "malformed_json");
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"{{new string('x', 501)}}"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "too_long", "/title");
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"{{new string('x', 400_000)}}"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "too_long", "/title");
        (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"{{new string('x', 10 << 20)}}"}""", ("Expect", "100-continue"))).ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        var invalid = Encoding.UTF8.GetBytes($$"""{"projectId":"{{project}}","title":"?"}""");
        invalid[^3] = 0xff;
        using var content = new ByteArrayContent(invalid);
        content.Headers.ContentType = new("application/json");
        (await me.SendAsync(HttpMethod.Post, "/api/v1/tasks", content)).Status.ShouldBe(HttpStatusCode.BadRequest);
        using var text = new StringContent("title=x", Encoding.UTF8, "text/plain");
        (await me.SendAsync(HttpMethod.Post, "/api/v1/tasks", text)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        (await me.CountEventsAsync()).ShouldBe(2);
    }

    [Theory]
    [InlineData("/api/v1/tasks?colour=red", "?colour", "unknown_parameter")]
    [InlineData("/api/v1/tasks?limit=5&limit=6", "?limit", "duplicate_parameter")]
    [InlineData("/api/v1/tasks?status=open", "?status", "unknown_value")]
    [InlineData("/api/v1/tasks?projectId=7", "?projectId", "malformed_id")]
    [InlineData("/api/v1/tasks?sort=title", "?sort", "sort_not_offered")]
    [InlineData("/api/v1/tasks?sort=rank", "?sort", "sort_not_offered")]
    [InlineData("/api/v1/tasks?fields=id,secret", "?fields", "unknown_field")]
    [InlineData("/api/v1/tasks?label=%00", "?label", "malformed_text")]
    [InlineData("/api/v1/tasks?at=9999-12-31T23:59:59Z", "?at", "malformed_time")]
    [InlineData("/api/v1/tasks?at=0001-01-01T00:00:00Z", "?at", "malformed_time")]
    [InlineData("/api/v1/me/summary?today=9999-12-31", "?today", "malformed_date")]
    [InlineData("/api/v1/workspace/flow?from=1969-12-31", "?from", "malformed_date")]
    [InlineData("/api/v1/tasks?fields=", "?fields", "unknown_field")]
    [InlineData("/api/v1/tasks?fields=id&fields=key", "?fields", "duplicate_parameter")]
    [InlineData("/api/v1/projects?archived=maybe", "?archived", "wrong_type")]
    [InlineData("/api/v1/tasks?at=2026-11-21T09:30:00", "?at", "malformed_time")]
    [InlineData("/api/v1/tasks?at=2026-11-21", "?at", "malformed_time")]
    [InlineData("/api/v1/search?q=a&limit=51", "?limit", "out_of_range")]
    [InlineData("/api/v1/workspace?colour=red", "?colour", "unknown_parameter")]
    [InlineData("/api/v1/members?colour=red", "?colour", "unknown_parameter")]
    public async Task P11_a_bad_parameter_is_named(string path, string pointer, string code)
    {
        var me = await server.NewUserAsync();
        (await me.GetAsync(path)).ShouldBeProblem(HttpStatusCode.BadRequest, code, pointer);
    }

    [Fact]
    public async Task P11_what_takes_no_parameters_refuses_them_and_changes_nothing()
    {
        var me = await server.NewUserAsync();
        var task = (await me.CreateTaskAsync(await me.CreateProjectAsync())).Id;
        var before = await me.CountEventsAsync();
        (await me.PostAsync($"/api/v1/tasks/{task}/archive?dryRun=true", "")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_parameter", "?dryRun");
        (await me.PatchAsync($"/api/v1/tasks/{task}?title=x", """{"title":"x"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_parameter", "?title");
        (await me.DeleteAsync($"/api/v1/tasks/{task}?version=1")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_parameter", "?version");
        (await me.PostAsync("/api/v1/tasks/batch?atomic=true", """{"operations":[]}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_parameter", "?atomic");
        (await me.CountEventsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task P11_what_is_encoded_otherwise_is_refused()
    {
        var me = await server.NewUserAsync();
        using var latin = new ByteArrayContent("{\"key\":\"WEB\",\"name\":\"x\"}"u8.ToArray());
        latin.Headers.TryAddWithoutValidation("Content-Type", "application/json; charset=iso-8859-1");
        (await me.SendAsync(HttpMethod.Post, "/api/v1/projects", latin)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        using var packed = new ByteArrayContent("{\"key\":\"WEB\",\"name\":\"x\"}"u8.ToArray());
        packed.Headers.ContentType = new("application/json");
        packed.Headers.ContentEncoding.Add("gzip");
        (await me.SendAsync(HttpMethod.Post, "/api/v1/projects", packed)).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_content_encoding");
        (await me.CountEventsAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task P11_two_hundred_sorts_a_huge_key_and_unknown_addresses_are_refused()
    {
        var me = await server.NewUserAsync();
        (await me.GetAsync($"/api/v1/tasks?{string.Join('&', Enumerable.Range(0, 200).Select(i => $"sort=created{i}"))}")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await me.PostAsync("/api/v1/projects", """{"key":"WEB","name":"x"}""", ("Idempotency-Key", new string('k', 10_000)))).ShouldBeProblem(HttpStatusCode.BadRequest, "malformed_idempotency_key");
        (await me.GetAsync("/api/v1/nowhere")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await me.GetAsync("/api/v1/tasks/not-an-id")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        var wrongMethod = await me.SendAsync(HttpMethod.Put, "/api/v1/tasks");
        wrongMethod.ShouldBeProblem(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        (await me.CountEventsAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Only_the_wanted_fields_are_answered()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project);
        var last = await me.CreateTaskAsync(project, "with \\\"quotes\\\" {and, braces}");
        var page = await me.GetAsync("/api/v1/tasks?fields=key,title", ("Events-Min-Position", last.Position));
        page.Items.Select(i => i.ToJsonString()).ShouldBe(["""{"key":"WEB-2","title":"with \u0022quotes\u0022 {and, braces}"}""", """{"key":"WEB-1","title":"Write the notes"}"""]);
    }
}
