using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json.Nodes;
using Events.Commands.Permissions;
using Events.Http.Tests.Api;
using Events.Messaging.Sending;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Jobs;

public sealed class JobTests(ApiServer server)
{
    [Fact]
    public async Task P7_a_job_that_fails_five_times_is_a_dead_letter_with_its_attempts_and_a_retry_revives_it_once()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "fail");

        var dead = await UntilAsync(me, id, "dead");
        ((int)dead["attempts"]!).ShouldBe(5);
        dead["history"]!.AsArray().Select(a => ((int)a!["attempt"]!, (string)a["outcome"]!, (string)a["error"]!["message"]!)).ShouldBe(
        [
            (1, "retry", "Attempt 1 failed."), (2, "retry", "Attempt 2 failed."), (3, "retry", "Attempt 3 failed."),
            (4, "retry", "Attempt 4 failed."), (5, "dead", "Attempt 5 failed."),
        ]);
        ((string)dead["error"]!["type"]!).ShouldBe("InvalidOperationException");

        Trouble.Repaired[id] = true;
        var revived = await me.PostAsync($"/api/v1/jobs/{id}/retry", "", ("Idempotency-Key", "again"));
        revived.Status.ShouldBe(HttpStatusCode.Accepted, revived.Text);
        revived.Headers.Location!.ToString().ShouldBe($"/api/v1/jobs/{id}");
        var ended = await UntilAsync(me, id, "succeeded");
        ((bool)ended["result"]!["worked"]!).ShouldBeTrue();

        var repeat = await me.PostAsync($"/api/v1/jobs/{id}/retry", "", ("Idempotency-Key", "again"));
        (repeat.Status, repeat.Text).ShouldBe((revived.Status, revived.Text));
        repeat.Headers.GetValues("Idempotency-Replayed").ShouldBe(["true"]);
        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "again"))).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        (await me.PostAsync($"/api/v1/jobs/{id}/retry", "")).ShouldBeProblem(HttpStatusCode.Conflict, "job_not_retryable");
        ((int)(await me.GetAsync($"/api/v1/jobs/{id}")).Body["attempts"]!).ShouldBe(6);
    }

    [Fact]
    public async Task P2_a_job_that_waits_is_cancelled_at_once_and_a_repeat_says_the_same()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "work", TimeSpan.FromHours(1));

        var first = await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "stop"));
        first.Status.ShouldBe(HttpStatusCode.OK, first.Text);
        ((string)first.Body["status"]!).ShouldBe("cancelled");
        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "stop"))).Text.ShouldBe(first.Text);
        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "two words"))).ShouldBeProblem(HttpStatusCode.BadRequest, "malformed_idempotency_key");
    }

    [Fact]
    public async Task P2_an_act_whose_answer_cannot_be_kept_has_not_happened()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "work", TimeSpan.FromHours(1));
        await using var refuse = server.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            "alter table idempotency_keys add constraint unkeepable check (key not like '%:unkeepable')");
        await refuse.ExecuteNonQueryAsync();
        try
        {
            var failed = await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "unkeepable"));

            ((int)failed.Status).ShouldBeGreaterThanOrEqualTo(500);
            ((string)(await me.GetAsync($"/api/v1/jobs/{id}")).Body["status"]!).ShouldBe("queued");
        }
        finally
        {
            await using var allow = server.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("alter table idempotency_keys drop constraint unkeepable");
            await allow.ExecuteNonQueryAsync();
        }

        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "unkeepable"))).Status.ShouldBe(HttpStatusCode.OK);
        ((string)(await me.GetAsync($"/api/v1/jobs/{id}")).Body["status"]!).ShouldBe("cancelled");
    }

    [Fact]
    public async Task P2_of_two_processes_with_one_key_the_second_undoes_its_act_and_answers_as_the_first()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "linger");
        await UntilAsync(me, id, "running");
        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "first"))).Status.ShouldBe(HttpStatusCode.Accepted);
        var database = server.Services.GetRequiredService<NpgsqlDataSource>();

        // The other process keeps its answer under the same key while this one acts.
        await using var other = await database.OpenConnectionAsync();
        await using var keeping = await other.BeginTransactionAsync();
        await using var keep = new NpgsqlCommand(
            """
            insert into idempotency_keys (tenant_id, key, request_hash, status, location, etag, body, position, expires_at)
            select tenant_id, replace(key, ':first', ':raced'), request_hash, status, location, etag, convert_to(replace(convert_from(body, 'utf8'), '"trouble"', '"kept_by_the_other"'), 'utf8'), position, expires_at
            from idempotency_keys where tenant_id = $1 and key like '%:first'
            """,
            other) { Parameters = { new() { Value = me.Tenant.Value } } };
        (await keep.ExecuteNonQueryAsync()).ShouldBe(1);
        var answering = me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "raced"));
        await WaitingAsync(database);
        await keeping.CommitAsync();

        var answer = await answering;
        answer.Status.ShouldBe(HttpStatusCode.Accepted);
        ((string)answer.Body["type"]!).ShouldBe("kept_by_the_other");
        answer.Headers.GetValues("Idempotency-Replayed").ShouldBe(["true"]);
        Trouble.Repaired[id] = true;
        await UntilAsync(me, id, "succeeded");
    }

    private static async Task WaitingAsync(NpgsqlDataSource database)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var waits = database.CreateCommand("select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into idempotency_keys as k%')");
        while (await waits.ExecuteScalarAsync(limit.Token) is not true)
            limit.Token.ThrowIfCancellationRequested();
    }

    [Fact]
    public async Task A_job_that_runs_is_told_to_stop_and_ends_as_cancelled()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "hang");
        await UntilAsync(me, id, "running");

        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "")).Status.ShouldBe(HttpStatusCode.Accepted);

        await UntilAsync(me, id, "cancelled");
        (await me.PostAsync($"/api/v1/jobs/{id}/retry", "")).ShouldBeProblem(HttpStatusCode.Conflict, "job_not_retryable");
    }

    [Fact]
    public async Task A_job_that_has_ended_cannot_be_cancelled()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "work");
        await UntilAsync(me, id, "succeeded");

        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "")).ShouldBeProblem(HttpStatusCode.Conflict, "job_ended");
    }

    [Fact]
    public async Task P8_another_tenants_job_is_not_there()
    {
        var me = await server.NewUserAsync();
        var stranger = await server.NewUserAsync();
        var id = await StartAsync(me, "work", TimeSpan.FromHours(1));

        (await stranger.GetAsync($"/api/v1/jobs/{id}")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await stranger.PostAsync($"/api/v1/jobs/{id}/cancel", "")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await stranger.PostAsync($"/api/v1/jobs/{id}/retry", "")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await stranger.GetAsync("/api/v1/jobs")).Items.ShouldBeEmpty();
        ((string)(await me.GetAsync($"/api/v1/jobs/{id}")).Body["status"]!).ShouldBe("queued");
    }

    [Theory]
    [InlineData("no-uuid")]
    [InlineData("01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61")]
    public async Task P11_a_job_that_never_was_is_not_found(string id)
    {
        var me = await server.NewUserAsync();
        (await me.GetAsync($"/api/v1/jobs/{id}")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await me.PostAsync($"/api/v1/jobs/{id}/cancel", "", ("Idempotency-Key", "k"))).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await me.PostAsync($"/api/v1/jobs/{id}/retry", "")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Who_may_only_look_at_jobs_cannot_change_them_and_who_may_not_look_sees_none()
    {
        var me = await server.NewUserAsync();
        var id = await StartAsync(me, "work", TimeSpan.FromHours(1));
        var looker = await server.WithTokenAsync(me, Permission.JobsRead);
        var other = await server.WithTokenAsync(me, Permission.TasksRead);

        (await looker.GetAsync($"/api/v1/jobs/{id}")).Status.ShouldBe(HttpStatusCode.OK);
        (await looker.PostAsync($"/api/v1/jobs/{id}/cancel", "")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await looker.PostAsync($"/api/v1/jobs/{id}/retry", "")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await other.GetAsync($"/api/v1/jobs/{id}")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await other.GetAsync("/api/v1/jobs")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task P9_jobs_are_listed_page_by_page_newest_first()
    {
        var me = await server.NewUserAsync();
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add($"{await StartAsync(me, "work", TimeSpan.FromHours(1))}");

        var seen = new List<string>();
        var path = "/api/v1/jobs?limit=2";
        while (true)
        {
            var page = await me.GetAsync(path);
            seen.AddRange(page.Items.Select(i => (string)i["id"]!));
            if (page.NextCursor is not { } cursor)
                break;
            path = $"/api/v1/jobs?limit=2&cursor={Uri.EscapeDataString(cursor)}";
        }

        seen.ShouldBe(ids.OrderByDescending(id => id, StringComparer.Ordinal));
        (await me.GetAsync("/api/v1/jobs?limit=201")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await me.GetAsync("/api/v1/jobs?cursor=nonsense")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_jobs_progress_and_end_come_over_the_live_stream()
    {
        var me = await server.NewUserAsync();
        await using var live = await SseReader.OpenAsync(me, "/api/v1/stream");
        await live.NextAsync("hello");

        var id = await StartAsync(me, "work");

        JsonNode job;
        do
            job = JsonNode.Parse((await live.NextAsync("job")).Data)!;
        while ((string)job["status"]! != "succeeded");
        ((string)job["id"]!).ShouldBe($"{id}");
        ((bool)job["result"]!["worked"]!).ShouldBeTrue();
    }

    [Fact]
    public async Task Jobs_that_an_append_stores_are_counted_like_any_message()
    {
        var counted = new ConcurrentBag<object?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "events.messaging.enqueued")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted.Add(tags[1].Value));
        listener.Start();
        var me = await server.NewUserAsync();

        var started = await me.PostAsync("/api/v1/tasks/bulk", """{"filter":{},"changes":{"delete":true}}""");

        var job = await me.GetAsync($"/api/v1/jobs/{started.Id}");
        counted.ShouldContain((string)job.Body["type"]!);
    }

    private Task<Guid> StartAsync(ApiUser me, string how, TimeSpan? delay = null) => server.Services.GetRequiredService<MessageBus>().EnqueueAsync(
        me.Tenant, new Trouble(how), new() { ScheduledFor = delay is { } later ? DateTimeOffset.UtcNow + later : null }, CancellationToken.None);

    private static async Task<JsonNode> UntilAsync(ApiUser me, Guid id, string status)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var job = await me.GetAsync($"/api/v1/jobs/{id}");
            if ((string)job.Body["status"]! == status)
                return job.Body;
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
