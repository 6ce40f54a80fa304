using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Fixtures;
using Events.Platform.Postgres;
using Npgsql;

namespace Events.System.Tests.Whole;

/// <summary>What an operator does with the read models of a service that runs: over HTTP and by the command line.</summary>
public sealed class ProjectionOperationsTests : IAsyncDisposable
{
    private static readonly Dictionary<string, string?> Variables = new(StringComparer.Ordinal) { ["Events__Identity__Operators__0"] = "demo@events.example" };

    private readonly ServiceDirectory home = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => home.DisposeAsync();

    [Fact]
    public async Task Everything_is_rebuilt_and_verified_under_looping_readers_without_one_error()
    {
        await using var events = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], Variables, Ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var reading = ReadOnAsync(events.Running, stop.Token);

        var rebuilt = await CommandAsync("rebuild", "all");
        var verified = await CommandAsync("verify", "all", "--rows");
        await stop.CancelAsync();

        rebuilt.ExitCode.ShouldBe(0, rebuilt.Output);
        foreach (var name in (string[])["TaskList", "TaskDetail", "ProjectList", "TaskCounts", "Search", "People"])
        {
            rebuilt.Output.ShouldContain($"{name}: switched");
            rebuilt.Output.ShouldNotContain("differed");
            verified.Output.ShouldContain($"{name}: complete");
            verified.Output.ShouldContain($"{name}: verified");
        }

        verified.ExitCode.ShouldBe(0, verified.Output);
        (await reading).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task The_command_line_pauses_resumes_rolls_back_and_tells()
    {
        await using var events = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], Variables, Ct);
        (await CommandAsync("pause", "search")).ShouldBe((0, "Search is paused"));
        (await CommandAsync("status")).Output.ShouldContain("paused");
        (await CommandAsync("resume", "search")).ShouldBe((0, "Search goes on"));
        (await CommandAsync("rollback", "task-list")).ExitCode.ShouldBe(1);
        (await CommandAsync("rebuild", "task-list")).ExitCode.ShouldBe(0);
        (await CommandAsync("rollback", "task-list")).ShouldBe((0, "TaskList serves the earlier tables again"));
        (await CommandAsync("release", "task-list", events.Running.WorkspaceId!, Guid.NewGuid().ToString())).ShouldBe((1, "That stream is not parked."));
        (await CommandAsync("skip", "task-list", events.Running.WorkspaceId!, Guid.NewGuid().ToString(), "no reason")).ShouldBe((1, "That stream is not parked."));
        (await CommandAsync("rebuild", "nothing")).ExitCode.ShouldNotBe(0);
    }

    [Fact]
    public async Task An_operator_pauses_resumes_and_rebuilds_over_HTTP()
    {
        await using var events = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], Variables, Ct);
        using var http = new HttpClient { BaseAddress = new Uri(events.Running.Url, "/api/v1/") };
        var signedIn = await http.PostAsJsonAsync("session", new { email = events.Running.Email, password = events.Running.Password }, Ct);
        signedIn.IsSuccessStatusCode.ShouldBeTrue(await signedIn.Content.ReadAsStringAsync(Ct));

        (await ChangedAsync(http, "search/pause")).ShouldBeTrue();
        (await ChangedAsync(http, "search/pause")).ShouldBeFalse();
        (await StatusAsync(http, "Search")).GetProperty("paused").GetBoolean().ShouldBeTrue();
        (await ChangedAsync(http, "search/resume")).ShouldBeTrue();

        using var asked = await PostAsync(http, "search/rebuild");
        asked.StatusCode.ShouldBe(HttpStatusCode.Accepted, await asked.Content.ReadAsStringAsync(Ct));
        // A process of the role takes it up at its next look; the status is how one follows it.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await StatusAsync(http, "Search")).GetProperty("generation").GetInt32() < 2)
            await timer.WaitForNextTickAsync(limit.Token);

        (await ChangedAsync(http, "search/rollback")).ShouldBeTrue();
        using var unknown = await PostAsync(http, "nothing/pause");
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>One stream gets an event that no build knows, another one whose body no build can read; behind each a good one waits.</summary>
    [Fact]
    public async Task Poisoned_streams_are_parked_released_after_a_fix_and_skipped_on_record()
    {
        await using var events = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], Variables, Ct);
        using var client = new TaskClient(events.Running);
        using var http = new HttpClient { BaseAddress = new Uri(events.Running.Url, "/api/v1/") };
        (await http.PostAsJsonAsync("session", new { email = events.Running.Email, password = events.Running.Password }, Ct)).IsSuccessStatusCode.ShouldBeTrue();
        var workspace = events.Running.WorkspaceId!;
        var tasks = (await client.ListAsync("limit=2", Ct)).GetProperty("items").EnumerateArray().Select(t => t.GetProperty("id").GetGuid()).ToList();
        await PoisonAsync(events.Running, tasks[0], "task_exploded", "{}");
        await PoisonAsync(events.Running, tasks[1], "task_status_changed", """{"from":"todo","to":"nowhere"}""");
        await UntilAsync(async () => Parked(await StatusAsync(http, "TaskList")) == 2);
        (await TitleAsync(client, tasks[0])).ShouldNotBe("After the poison");

        // Over HTTP: nothing has changed, so it waits again; then one event is left out, on record.
        var body = new { workspaceId = workspace, streamId = tasks[0] };
        (await ChangedAsync(http, "task-list/release", body)).ShouldBeFalse();
        Parked(await StatusAsync(http, "TaskList")).ShouldBe(2);
        (await ChangedAsync(http, "task-list/skip", new { body.workspaceId, body.streamId, reason = "written by a broken importer" })).ShouldBeTrue();
        Parked(await StatusAsync(http, "TaskList")).ShouldBe(1);
        (await TitleAsync(client, tasks[0])).ShouldBe("After the poison");
        using var again = await PostAsync(http, "task-list/release", body);
        again.StatusCode.ShouldBe(HttpStatusCode.NotFound);

        // By the command line: still unreadable; then it is mended, as a build that can read it would have it.
        var stream = tasks[1].ToString();
        (await CommandAsync("status")).Output.ShouldContain($"stream {stream} waits with 2 events behind its task_status_changed");
        var refused = await CommandAsync("release", "task-list", workspace, stream);
        refused.ExitCode.ShouldBe(1);
        refused.Output.ShouldStartWith("Still parked after 0 events: ");
        (await CommandAsync("verify", "task-list")).ExitCode.ShouldBe(0);
        await ExecuteAsync(events.Running, $$"""update events.mt_events set data = '{"from":"todo","to":"done"}' where stream_id = '{{stream}}' and data ->> 'to' = 'nowhere'""");
        (await CommandAsync("release", "task-list", workspace, stream)).ShouldBe((0, "Released: 2 events folded."));
        (await TitleAsync(client, tasks[1])).ShouldBe("After the poison");
        (await CommandAsync("skip", "task-detail", workspace, stream, "left", "out")).ExitCode.ShouldBe(1);
        (await CommandAsync("skip", "task-detail", workspace, stream, "left out")).ExitCode.ShouldBe(0);
        Parked(await StatusAsync(http, "TaskDetail")).ShouldBe(1);

        // No event is missing, and the proof tells that one was tampered with.
        var verified = await CommandAsync("verify", "task-list");
        verified.ExitCode.ShouldBe(2, verified.Output);
        verified.Output.ShouldContain("TaskList: complete");
        verified.Output.ShouldContain("NOT AS RECORDED");
        using var asked = await PostAsync(http, "task-counts/verify");
        asked.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await UntilAsync(async () => (await StatusAsync(http, "TaskCounts")).GetProperty("proof") is { ValueKind: JsonValueKind.Object } proof
            && proof.GetProperty("altered") is { ValueKind: JsonValueKind.Array } altered && altered.GetArrayLength() == 1);
    }

    private static int Parked(JsonElement status) => status.GetProperty("parked").GetArrayLength();

    private static async Task<string?> TitleAsync(TaskClient client, Guid task) =>
        (await client.ListAsync("limit=200", Ct)).GetProperty("items").EnumerateArray().Single(t => t.GetProperty("id").GetGuid() == task).GetProperty("title").GetString();

    /// <summary>As another program would append: an event that cannot be folded, and a good one behind it.</summary>
    private static Task PoisonAsync(RunningService running, Guid task, string type, string data) => ExecuteAsync(
        running,
        $$"""
        with poison as (
            select 1 as n, '{{type}}' as type, '{{data}}' as data
            union all
            select 2, 'task_retitled', '{"from":"Before","to":"After the poison"}'),
        stream as (
            update events.mt_streams
            set version = version + 2
            where id = '{{task}}'
            returning tenant_id, version - 2 as version)
        insert into events.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
        select nextval('events.mt_events_sequence'), gen_random_uuid(), '{{task}}', s.version + p.n, p.data::jsonb, p.type, now(), s.tenant_id
        from stream s, poison p
        order by p.n
        """);

    private static async Task ExecuteAsync(RunningService running, string sql)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionUri.Parse(running.Postgres).ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await isSo())
            await timer.WaitForNextTickAsync(limit.Token);
    }

    private static async Task<int> ReadOnAsync(RunningService running, CancellationToken stop)
    {
        using var client = new TaskClient(running);
        var reads = 0;
        while (!stop.IsCancellationRequested)
        {
            (await client.ListAsync("limit=50", Ct)).GetProperty("items").GetArrayLength().ShouldBe(50);
            reads++;
        }

        return reads;
    }

    private async Task<(int ExitCode, string Output)> CommandAsync(params string[] arguments)
    {
        var (code, output) = await EventsProcess.RunToEndAsync(home.Path, ["projections", .. arguments], Variables, Ct);
        return (code, output.Trim());
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, string path, object? body = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"operations/projections/{path}");
        if (body is not null)
            request.Content = new StringContent(JsonSerializer.Serialize(body), global::System.Text.Encoding.UTF8, "application/json");
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return http.SendAsync(request, Ct);
    }

    private static async Task<bool> ChangedAsync(HttpClient http, string path, object? body = null)
    {
        using var response = await PostAsync(http, path, body);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync(Ct));
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("changed").GetBoolean();
    }

    private static async Task<JsonElement> StatusAsync(HttpClient http, string projection) =>
        (await http.GetFromJsonAsync<JsonElement>("operations/projections", Ct)).GetProperty("projections").EnumerateArray().Single(p => p.GetProperty("projection").GetString() == projection);
}
