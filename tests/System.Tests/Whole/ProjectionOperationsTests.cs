using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Fixtures;

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
        foreach (var name in (string[])["TaskList", "TaskDetail", "ProjectList", "TaskCounts", "Search"])
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

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"operations/projections/{path}");
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        return http.SendAsync(request, Ct);
    }

    private static async Task<bool> ChangedAsync(HttpClient http, string path)
    {
        using var response = await PostAsync(http, path);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync(Ct));
        return (await response.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("changed").GetBoolean();
    }

    private static async Task<JsonElement> StatusAsync(HttpClient http, string projection) =>
        (await http.GetFromJsonAsync<JsonElement>("operations/projections", Ct)).GetProperty("projections").EnumerateArray().Single(p => p.GetProperty("projection").GetString() == projection);
}
