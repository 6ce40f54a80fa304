using System.Net;
using System.Text;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Files;

/// <summary>Imports and exports as a client meets them; what readers make of bad files is tested with the readers.</summary>
public sealed class ImportTests(ApiServer server)
{
    private const string Csv = "title,status,labels\nOne,todo,a\n\"Two, b\",done,x\n";

    [Fact]
    public async Task A_file_becomes_tasks_once_and_an_undo_takes_them_back()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var file = await me.UploadAsync(Csv);
        var preview = await me.PostAsync("/api/v1/imports/preview", $$"""{"fileId":"{{file}}","format":"csv"}""");
        preview.Body["rows"]!.AsArray().Count.ShouldBe(2, preview.Text);

        var body = $$"""{"fileId":"{{file}}","format":"csv","projectId":"{{project}}"}""";
        var accepted = await me.PostAsync("/api/v1/imports", body, ("Idempotency-Key", "i-1"));
        var job = await me.EndAsync(accepted);
        ((string)job["status"]!, (int)job["result"]!["created"]!).ShouldBe(("succeeded", 2), job.ToJsonString());
        var again = await me.PostAsync("/api/v1/imports", body, ("Idempotency-Key", "i-1"));
        (again.Status, again.Text).ShouldBe((HttpStatusCode.Accepted, accepted.Text));
        again.Headers.RetryAfter.ShouldNotBeNull();
        var second = await me.EndAsync(await me.PostAsync("/api/v1/imports", body));
        ((int)second["result"]!["created"]!, (int)second["result"]!["existing"]!).ShouldBe((0, 2));

        var import = await me.GetAsync($"/api/v1/imports/{(string)job["id"]!}");
        ((int)import.Body["rows"]!, (int)import.Body["created"]!, (int)import.Body["failed"]!).ShouldBe((2, 2, 0));
        (await me.EndAsync(await me.PostAsync($"/api/v1/imports/{(string)job["id"]!}/undo", "")))["status"]!.ToString().ShouldBe("succeeded");
        ((int)(await me.GetAsync($"/api/v1/imports/{(string)job["id"]!}")).Body["undone"]!).ShouldBe(2);
    }

    [Fact]
    public async Task An_import_that_was_cancelled_can_be_undone()
    {
        var me = await server.NewUserAsync();
        var file = await me.UploadAsync("title\n" + string.Concat(Enumerable.Range(1, 5_000).Select(i => $"Task {i}\n")));
        var started = await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"csv"}""");
        (await me.PostAsync($"/api/v1/imports/{started.Id}/undo", "")).ShouldBeProblem(HttpStatusCode.Conflict, "import_running");
        await me.PostAsync($"/api/v1/jobs/{started.Id}/cancel", "");
        ((string)(await me.EndAsync(started))["status"]!).ShouldBe("cancelled");

        var undone = await me.EndAsync(await me.PostAsync($"/api/v1/imports/{started.Id}/undo", ""));
        ((string)undone["status"]!).ShouldBe("succeeded", undone.ToJsonString());
        var import = (await me.GetAsync($"/api/v1/imports/{started.Id}")).Body;
        ((int)import["undone"]!).ShouldBeGreaterThanOrEqualTo((int)import["created"]!);
    }

    [Fact]
    public async Task A_key_that_was_used_for_another_import_saves_nothing()
    {
        var me = await server.NewUserAsync();
        var file = await me.UploadAsync(Csv);
        await me.EndAsync(await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"csv"}""", ("Idempotency-Key", "i-2")));
        (await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"csv","saveMappingAs":"mine"}""", ("Idempotency-Key", "i-2"))).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        (await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"csv","mappingName":"mine"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "mapping_not_found", "/mappingName");
    }

    [Fact]
    public async Task A_mapping_is_saved_under_a_name_and_used_by_it_within_its_workspace()
    {
        var me = await server.NewUserAsync();
        var other = await server.NewUserAsync();
        const string Odd = "what,where\nOne,waiting\nTwo,finished\n";
        const string Mapping = """{"columns":{"title":"what","status":"where"},"statuses":{"waiting":"in_review","finished":"done"}}""";
        var first = await me.UploadAsync(Odd);
        ((int)(await me.EndAsync(await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{first}}","format":"csv","mapping":{{Mapping}},"saveMappingAs":"ours"}""")))["result"]!["created"]!).ShouldBe(2);

        var second = await me.UploadAsync(Odd + "Three,waiting\n");
        var preview = await me.PostAsync("/api/v1/imports/preview", $$"""{"fileId":"{{second}}","format":"csv","mappingName":"ours"}""");
        preview.Body["rows"]!.AsArray().Select(row => (string)row!["task"]!["status"]!).ShouldBe(["in_review", "done", "in_review"], preview.Text);
        var job = await me.EndAsync(await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{second}}","format":"csv","mappingName":"ours"}"""));
        ((string)job["status"]!, (int)job["result"]!["warned"]!).ShouldBe(("succeeded", 0), job.ToJsonString());

        var theirs = await other.UploadAsync(Odd);
        (await other.PostAsync("/api/v1/imports", $$"""{"fileId":"{{theirs}}","format":"csv","mappingName":"ours"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "mapping_not_found", "/mappingName");
    }

    [Fact]
    public async Task An_import_that_cannot_be_is_refused_at_once()
    {
        var me = await server.NewUserAsync();
        var file = await me.UploadAsync(Csv);
        var theirs = await (await server.NewUserAsync()).UploadAsync(Csv);
        var waiting = await me.PostAsync("/api/v1/files", """{"name":"a.csv","size":5,"contentType":"text/csv"}""");
        (await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"xls"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_value", "/format");
        (await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{theirs}}","format":"csv"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "file_not_found", "/fileId");
        (await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{waiting.Id}}","format":"csv"}""")).ShouldBeProblem(HttpStatusCode.Conflict, "file_not_uploaded", "/fileId");
        (await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"csv","projectId":"{{Guid.CreateVersion7()}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "project_not_found", "/projectId");
        (await me.GetAsync($"/api/v1/imports/{Guid.CreateVersion7()}")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("", "csv", null)]
    [InlineData("title\n", "csv", 0)]
    [InlineData("title\u0000\u0000\u0001", "csv", null)]
    [InlineData("{\"a\":", "gitlab-json", null)]
    [InlineData("title,title\nOne,Two\n", "csv", 1)]
    [InlineData("title,note\nOne,\"broken\nTwo,fine\nThree,fine\n", "csv", 2)]
    public async Task A_bad_file_ends_its_job_with_a_reason_and_nothing_hangs(string text, string format, int? created)
    {
        var me = await server.NewUserAsync();
        var file = await me.UploadAsync(Encoding.UTF8.GetBytes(text), "bad", format == "csv" ? "text/csv" : "application/json");
        var job = await me.EndAsync(await me.PostAsync("/api/v1/imports", $$"""{"fileId":"{{file}}","format":"{{format}}"}"""));
        if (created is { } tasks)
            ((string)job["status"]!, (int)job["result"]!["created"]! >= tasks).ShouldBe(("succeeded", true), job.ToJsonString());
        else
            ((string)job["status"]!, job["error"] is not null).ShouldBe(("dead", true), job.ToJsonString());
    }

    [Fact]
    public async Task An_export_is_a_job_whose_file_spreadsheets_may_open()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project, "=1+cmd|' /C calc'!A0");
        var last = await me.CreateTaskAsync(project, "Plain");
        await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", last.Position));
        var first = await me.PostAsync("/api/v1/exports", $$$"""{"format":"csv","filter":{"projectId":"{{{project}}}"}}""", ("Idempotency-Key", "e-1"));
        var job = await me.EndAsync(first);
        var csv = await me.DownloadAsync((string)job["result"]!["fileId"]!);
        csv.ShouldContain("'=1+cmd");
        csv.ShouldContain("Plain");
        (await me.PostAsync("/api/v1/exports", $$$"""{"format":"csv","filter":{"projectId":"{{{project}}}"}}""", ("Idempotency-Key", "e-1"))).Text.ShouldBe(first.Text);
        (await me.PostAsync("/api/v1/exports", """{"format":"pdf"}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_value", "/format");
        (await me.PostAsync("/api/v1/exports", """{"format":"events-ndjson","filter":{}}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "not_possible", "/filter");
        (await me.PostAsync("/api/v1/exports", """{"format":"csv","filter":{"colour":"red"}}""")).ShouldBeProblem(HttpStatusCode.BadRequest, "unknown_member", "/filter/colour");
    }
}
