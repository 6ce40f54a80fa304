using System.Net;
using System.Text;
using Events.Commands.Workspaces;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Files;

public sealed class FileTests(ApiServer server)
{
    [Fact]
    public async Task A_file_is_announced_sent_and_fetched_past_the_api()
    {
        var me = await server.NewUserAsync();
        var announced = await me.PostAsync("/api/v1/files", """{"name":"../../etc/notes.csv","size":5,"contentType":"text/csv"}""");
        announced.Headers.Location!.ToString().ShouldBe($"/api/v1/files/{announced.Id}");
        ((string)announced.Body["name"]!).ShouldBe("notes.csv");
        var waiting = await me.GetAsync($"/api/v1/files/{announced.Id}");
        ((string)waiting.Body["state"]!).ShouldBe("waiting");
        waiting.Body["download"].ShouldBeNull();

        (await Uploads.PutAsync(announced.Body["upload"]!, "1234"u8.ToArray())).ShouldBe(HttpStatusCode.BadRequest);
        (await Uploads.PutAsync(announced.Body["upload"]!, "12345"u8.ToArray())).ShouldBe(HttpStatusCode.OK);
        ((string)(await me.GetAsync($"/api/v1/files/{announced.Id}")).Body["state"]!).ShouldBe("stored");
        (await me.DownloadAsync(announced.Id)).ShouldBe("12345");
        (await (await server.NewUserAsync()).GetAsync($"/api/v1/files/{announced.Id}")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_link_is_made_for_the_call_and_never_answered_304()
    {
        var me = await server.NewUserAsync();
        var file = await me.UploadAsync("title\nOne\n");
        var first = await me.GetAsync($"/api/v1/files/{file}");
        first.ETag.ShouldBeNull();
        first.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await me.GetAsync($"/api/v1/files/{file}", ("If-None-Match", "*"))).Body["download"]!["url"].ShouldNotBeNull();
    }

    [Fact]
    public async Task A_repeated_announcement_is_the_first_file()
    {
        var me = await server.NewUserAsync();
        var body = """{"name":"a.csv","size":5,"contentType":"text/csv"}""";
        var first = await me.PostAsync("/api/v1/files", body, ("Idempotency-Key", "f-1"));
        (await me.PostAsync("/api/v1/files", body, ("Idempotency-Key", "f-1"))).Text.ShouldBe(first.Text);
        (await me.PostAsync("/api/v1/files", body.Replace('5', '6'), ("Idempotency-Key", "f-1"))).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Theory]
    [InlineData("""{"name":"","size":5,"contentType":"text/csv"}""", 400, "/name", "required")]
    [InlineData("""{"name":"a\u0000b","size":5,"contentType":"text/csv"}""", 400, "/name", "malformed_text")]
    [InlineData("""{"name":"a","size":-1,"contentType":"text/csv"}""", 400, "/size", "out_of_range")]
    [InlineData("""{"name":"a","size":1.5,"contentType":"text/csv"}""", 400, "/size", "out_of_range")]
    [InlineData("""{"name":"a","size":4000000000000,"contentType":"text/csv"}""", 413, "/size", "too_large")]
    [InlineData("""{"name":"a","size":5,"contentType":"csv"}""", 400, "/contentType", "malformed_media_type")]
    [InlineData("""{"name":"a","size":5,"contentType":"application/x-msdownload"}""", 415, "/contentType", "type_not_allowed")]
    [InlineData("""{"name":"a","size":5,"contentType":"text/csv","sha256":"xyz"}""", 400, "/sha256", "malformed_checksum")]
    [InlineData("""{"name":"a","size":5,"contentType":"text/csv","path":"/etc"}""", 400, "/path", "unknown_member")]
    public async Task P11_a_file_that_cannot_be_is_refused(string body, int status, string pointer, string code) =>
        (await (await server.NewUserAsync()).PostAsync("/api/v1/files", body)).ShouldBeProblem((HttpStatusCode)status, code, pointer);

    [Fact]
    public async Task What_others_exported_is_for_those_who_may_see_all_of_it()
    {
        var owner = await server.NewUserAsync();
        var (member, viewer) = (await server.NewColleagueAsync(owner), await server.NewColleagueAsync(owner, WorkspaceRole.Viewer));
        var open = await owner.CreateProjectAsync();
        await owner.CreateTaskAsync(open);
        var file = (string)(await owner.EndAsync(await owner.PostAsync("/api/v1/exports", """{"format":"tasks-ndjson"}""")))["result"]!["fileId"]!;
        (await owner.GetAsync($"/api/v1/files/{file}")).Status.ShouldBe(HttpStatusCode.OK);
        (await member.GetAsync($"/api/v1/files/{file}")).Status.ShouldBe(HttpStatusCode.OK);
        (await viewer.GetAsync($"/api/v1/files/{file}")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");

        using var access = new StringContent("""{"visibility":"members","memberIds":[]}""", Encoding.UTF8, "application/json");
        (await owner.SendAsync(HttpMethod.Put, $"/api/v1/projects/{open}/access", access)).Status.ShouldBe(HttpStatusCode.NoContent);
        (await member.GetAsync($"/api/v1/files/{file}")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await member.PostAsync("/api/v1/imports/preview", $$"""{"fileId":"{{file}}","format":"csv"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "file_not_found", "/fileId");
    }
}
