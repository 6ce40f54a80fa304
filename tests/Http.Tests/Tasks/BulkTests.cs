using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class BulkTests(ApiServer server)
{
    [Fact]
    public async Task A_bulk_change_counts_first_and_then_changes_all_that_the_filter_finds()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        ApiAnswer last = null!;
        for (var i = 0; i < 5; i++)
            last = await me.CreateTaskAsync(project, $"Number {i}");
        last = await me.PatchAsync($"/api/v1/tasks/{last.Id}", """{"status":"done"}""");
        await me.GetAsync("/api/v1/tasks", ("Events-Min-Position", last.Position));

        var body = $$$"""{"filter":{"projectId":"{{{project}}}","status":"todo"},"changes":{"priority":"low","addLabels":["later"]},"dryRun":DRY}""";
        var events = await me.CountEventsAsync();
        var dry = await RunAsync(me, body.Replace("DRY", "true", StringComparison.Ordinal));
        dry.ShouldBe((4, 4));
        (await me.CountEventsAsync()).ShouldBe(events);
        (await RunAsync(me, body.Replace("DRY", "false", StringComparison.Ordinal))).ShouldBe((4, 4));
        (await me.CountEventsAsync()).ShouldBe(events + 8);
    }

    [Fact]
    public async Task P2_a_repeated_bulk_change_is_one_job()
    {
        var me = await server.NewUserAsync();
        var body = """{"filter":{},"changes":{"delete":true}}""";
        var first = await me.PostAsync("/api/v1/tasks/bulk", body, ("Idempotency-Key", "b-1"));
        first.Status.ShouldBe(HttpStatusCode.Accepted, first.Text);
        (await me.PostAsync("/api/v1/tasks/bulk", body, ("Idempotency-Key", "b-1"))).Text.ShouldBe(first.Text);
    }

    [Theory]
    [InlineData("""{"filter":{},"changes":{}}""", "/changes", "required")]
    [InlineData("""{"filter":{},"changes":{"archive":true,"delete":true}}""", "/changes/delete", "either_or")]
    [InlineData("""{"changes":{"delete":true}}""", "/filter", "required")]
    [InlineData("""{"filter":{"colour":"red"},"changes":{"delete":true}}""", "/filter/colour", "unknown_member")]
    public async Task P11_a_bad_bulk_change_is_refused_at_the_door(string body, string pointer, string code)
    {
        var me = await server.NewUserAsync();
        (await me.PostAsync("/api/v1/tasks/bulk", body)).ShouldBeProblem(HttpStatusCode.BadRequest, code, pointer);
    }

    private static async Task<(int Matched, int Changed)> RunAsync(ApiUser me, string body)
    {
        var started = await me.PostAsync("/api/v1/tasks/bulk", body);
        started.Status.ShouldBe(HttpStatusCode.Accepted, started.Text);
        started.Headers.Location!.ToString().ShouldBe($"/api/v1/jobs/{started.Id}");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var job = await me.GetAsync($"/api/v1/jobs/{started.Id}");
            if ((string)job.Body["status"]! is not ("queued" or "running"))
            {
                ((string)job.Body["status"]!).ShouldBe("succeeded", job.Text);
                return ((int)job.Body["result"]!["matched"]!, (int)job.Body["result"]!["changed"]!);
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
