using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Events.Commands.Permissions;
using Events.Http.Tests.Api;
using Events.Http.Tests.Jobs;
using Events.Messaging.Scheduling;
using Events.Messaging.Sending;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Operations;

public sealed class MessageOperationsTests(ApiServer server)
{
    [Fact]
    public async Task P9_an_operator_sees_what_runs_by_the_clock_and_how_each_run_went_page_by_page()
    {
        var op = await server.OperatorAsync();
        var schedules = await PagesAsync(op, "/api/v1/operations/schedules?limit=1", until: items => items.Count > 0);
        var names = schedules.Select(s => (string)s["name"]!).ToList();
        names.ShouldBe(names.Order(StringComparer.Ordinal));
        var name = names[0];
        var runner = server.Services.GetRequiredService<ScheduleRunner>();
        var jobs = new List<string>();
        for (var i = 0; i < 3; i++)
            jobs.Add($"{await runner.RunNowAsync(name, CancellationToken.None)}");

        var runs = await PagesAsync(op, $"/api/v1/operations/schedules/{name}/runs?limit=2", until: items => items.Count >= 3);

        var manual = runs.Where(r => (string)r["cause"]! == "manual").ToList();
        manual.Select(r => (string)r["jobId"]!).ShouldBe(Enumerable.Reverse(jobs));
        manual.ShouldAllBe(r => r["status"] != null && r["attempts"] != null);
        (await op.GetAsync("/api/v1/operations/schedules/nothing/runs")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await op.GetAsync($"/api/v1/operations/schedules/{name}/runs?cursor=nonsense")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await op.GetAsync("/api/v1/operations/schedules?limit=201")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task P7_an_operator_lists_dead_letters_replays_some_and_discards_the_rest()
    {
        var op = await server.OperatorAsync();
        var me = await server.NewUserAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
            ids.Add(await server.Services.GetRequiredService<MessageBus>().EnqueueAsync(me.Tenant, new Trouble("fail"), null, CancellationToken.None));

        var dead = await PagesAsync(op, $"/api/v1/operations/dead-letters?workspaceId={me.Tenant}&limit=2", until: items => items.Count == 5);
        dead.Select(d => Guid.Parse((string)d["id"]!)).ShouldBe(ids, ignoreOrder: true);
        dead.ShouldAllBe(d => (string)d["reason"]! == "exhausted" && (int)d["attempts"]! == 5 && (string)d["error"]!["message"]! == "Attempt 5 failed.");
        (await op.GetAsync($"/api/v1/operations/dead-letters?workspaceId={me.Tenant}&type=send_mail")).Items.ShouldBeEmpty();

        foreach (var id in ids)
            Trouble.Repaired[id] = true;
        (await ChangedAsync(op, "replay", $$"""{"workspaceId":"{{me.Tenant}}","ids":["{{ids[0]}}","{{ids[1]}}","{{Guid.NewGuid()}}"]}""")).ShouldBe(2);
        (await ChangedAsync(op, "replay", $$"""{"workspaceId":"{{op.Tenant}}","type":"trouble"}""")).ShouldBe(0, "another workspace's are not meant");
        (await ChangedAsync(op, "discard", $$"""{"workspaceId":"{{me.Tenant}}","type":"trouble"}""")).ShouldBe(3);
        (await op.GetAsync($"/api/v1/operations/dead-letters?workspaceId={me.Tenant}")).Items.ShouldBeEmpty();
        (await ChangedAsync(op, "discard", $$"""{"workspaceId":"{{me.Tenant}}","type":"trouble"}""")).ShouldBe(0);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((string)(await me.GetAsync($"/api/v1/jobs/{ids[1]}")).Body["status"]! != "succeeded")
            limit.Token.ThrowIfCancellationRequested();
    }

    [Theory]
    [InlineData("""{"type":"trouble"}""", "invalid_request")]
    [InlineData("""{"workspaceId":"w"}""", "invalid_request")]
    [InlineData("""{"workspaceId":"w","ids":[]}""", "invalid_request")]
    [InlineData("""{"workspaceId":"w","ids":["x"]}""", "invalid_request")]
    [InlineData("""{"workspaceId":"w","type":"trouble","more":1}""", "invalid_request")]
    [InlineData("""[]""", "invalid_request")]
    [InlineData("""{"workspaceId":"w","type":"trouble","type":"twice"}""", "invalid_request")]
    [InlineData("""{"workspaceId":""", "malformed_json")]
    public async Task P11_a_choice_that_is_none_is_refused(string body, string code)
    {
        var op = await server.OperatorAsync();
        (await op.PostAsync("/api/v1/operations/dead-letters/replay", body)).ShouldBeProblem(HttpStatusCode.BadRequest, code);
        (await op.PostAsync("/api/v1/operations/dead-letters/discard", body)).ShouldBeProblem(HttpStatusCode.BadRequest, code);
        (await op.GetAsync("/api/v1/operations/dead-letters")).ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
    }

    [Fact]
    public async Task A_choice_may_be_sent_in_chunks()
    {
        var op = await server.OperatorAsync();
        using var chunks = new StringContent($$"""{"workspaceId":"{{op.Tenant}}","type":"never_sent"}""", Encoding.UTF8, "application/json");
        var answer = await op.SendAsync(HttpMethod.Post, "/api/v1/operations/dead-letters/replay", chunks, ("Transfer-Encoding", "chunked"));
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Text);
        ((int)answer.Body["changed"]!).ShouldBe(0);
    }

    [Fact]
    public async Task P8_whoever_is_no_operator_neither_looks_nor_acts()
    {
        var me = await server.NewUserAsync();
        var looker = await server.WithTokenAsync(await server.OperatorAsync(), Permission.OperationsRead);
        foreach (var path in (string[])["schedules", "schedules/digests/runs", $"dead-letters?workspaceId={me.Tenant}"])
            (await me.GetAsync($"/api/v1/operations/{path}")).Status.ShouldBe(HttpStatusCode.Forbidden, path);
        foreach (var act in (string[])["replay", "discard"])
        {
            var body = $$"""{"workspaceId":"{{me.Tenant}}","type":"trouble"}""";
            (await me.PostAsync($"/api/v1/operations/dead-letters/{act}", body)).Status.ShouldBe(HttpStatusCode.Forbidden);
            (await looker.PostAsync($"/api/v1/operations/dead-letters/{act}", body)).Status.ShouldBe(HttpStatusCode.Forbidden);
        }

        (await looker.GetAsync("/api/v1/operations/schedules")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<int> ChangedAsync(ApiUser op, string act, string body)
    {
        var answer = await op.PostAsync($"/api/v1/operations/dead-letters/{act}", body);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Text);
        return (int)answer.Body["changed"]!;
    }

    /// <summary>All pages, asked for again until they hold what is to come.</summary>
    private static async Task<List<JsonNode>> PagesAsync(ApiUser op, string first, Func<List<JsonNode>, bool> until)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var items = new List<JsonNode>();
            for (var path = first; path is not null;)
            {
                var page = await op.GetAsync(path);
                page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
                items.AddRange(page.Items);
                path = page.NextCursor is { } cursor ? $"{first}&cursor={Uri.EscapeDataString(cursor)}" : null;
            }

            if (until(items))
                return items;
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
