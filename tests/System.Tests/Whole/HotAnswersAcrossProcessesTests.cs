using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Fixtures;

namespace Events.System.Tests.Whole;

/// <summary>
/// Two processes on one database, each with answers in memory (ADR 0047): what one writes, the other's memory does not hide from
/// whoever asks for its position, nor from anybody for longer than memory lasts.
/// </summary>
public sealed class HotAnswersAcrossProcessesTests : IAsyncDisposable
{
    private const int Rounds = 12;

    /// <summary>Behind all else nothing is served that is older.</summary>
    private static readonly TimeSpan MemoryLasts = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ServiceDirectory home = new();
    private readonly ServiceDirectory otherHome = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await otherHome.DisposeAsync();
        await home.DisposeAsync();
    }

    [Fact]
    public async Task P12_what_one_process_wrote_another_does_not_answer_without()
    {
        await using var one = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], new Dictionary<string, string?>(StringComparer.Ordinal), Ct);
        await using var other = await BesideAsync(one);
        using var here = ClientOf(one.Running.Url, one.Running.Token!);
        using var there = ClientOf(other.Running.Url, one.Running.Token!);
        var made = await TaskAsync(here);

        for (var round = 1; round <= Rounds; round++)
        {
            var (writer, reader) = round % 2 == 0 ? (here, there) : (there, here);
            string[] paths = [$"tasks/{made}", "tasks?sort=-updated&limit=5"];
            foreach (var path in paths)
                await UntilHotAsync(reader, path);
            var title = $"Round {round}";
            var position = await RetitleAsync(writer, made, title);
            var written = TimeProvider.System.GetTimestamp();

            foreach (var path in paths)
            {
                var asked = await GetAsync(reader, path, position);
                asked.Text.ShouldContain(title, customMessage: path);
                asked.Position.ShouldBeGreaterThanOrEqualTo(position);
            }

            // The next round's reader kept its own answers; nobody told it of a position.
            await SeenAsync(writer, paths, title, written);
        }
    }

    [Fact]
    public async Task Whoever_asks_for_no_position_sees_it_while_memory_lasts_at_the_latest()
    {
        await using var one = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], new Dictionary<string, string?>(StringComparer.Ordinal), Ct);
        await using var other = await BesideAsync(one);
        using var here = ClientOf(one.Running.Url, one.Running.Token!);
        using var there = ClientOf(other.Running.Url, one.Running.Token!);
        var made = await TaskAsync(here);
        string[] paths = [$"tasks/{made}", "tasks?sort=-updated&limit=5"];
        for (var round = 1; round <= Rounds; round++)
        {
            foreach (var path in paths)
                await UntilHotAsync(there, path);
            var title = $"Round {round}";
            await RetitleAsync(here, made, title);
            await SeenAsync(there, paths, title, TimeProvider.System.GetTimestamp());
        }
    }

    private async Task<EventsProcess> BesideAsync(EventsProcess one) => await EventsProcess.StartAsync(
        otherHome.Path,
        ["serve"],
        new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings__Postgres"] = one.Running.Postgres,
            ["Events__Identity__MasterKey"] = (await File.ReadAllTextAsync(home.File("keys", "master.key"), Ct)).Trim(),
        },
        Ct);

    /// <summary>Asks until the answers hold the title; one from memory that does not is refused once memory is over.</summary>
    private static async Task SeenAsync(HttpClient reader, IReadOnlyList<string> paths, string title, long written)
    {
        foreach (var path in paths)
        {
            while (await GetAsync(reader, path, 0) is { } answer && !answer.Text.Contains(title, StringComparison.Ordinal))
            {
                var age = TimeProvider.System.GetElapsedTime(written);
                age.ShouldBeLessThan(answer.IsHot ? MemoryLasts : Patience, $"{path}: {answer.Text}");
            }
        }
    }

    private static HttpClient ClientOf(Uri url, string token)
    {
        var client = new HttpClient { BaseAddress = new Uri(url, "/api/v1/") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private static async Task<string> TaskAsync(HttpClient client)
    {
        var project = (await client.GetFromJsonAsync<JsonElement>("projects?limit=1", Ct)).GetProperty("items")[0].GetProperty("id").GetString();
        using var made = await client.PostAsJsonAsync("tasks", new { projectId = project, title = "Round 0" }, Ct);
        made.StatusCode.ShouldBe(HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Ct));
        var id = (await made.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
        await GetAsync(client, $"tasks/{id}", PositionOf(made));
        return id;
    }

    private static async Task<long> RetitleAsync(HttpClient client, string task, string title)
    {
        using var changed = await client.PatchAsJsonAsync($"tasks/{task}", new { title }, Ct);
        changed.StatusCode.ShouldBe(HttpStatusCode.OK, await changed.Content.ReadAsStringAsync(Ct));
        return PositionOf(changed);
    }

    private static async Task UntilHotAsync(HttpClient client, string path)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!(await GetAsync(client, path, 0)).IsHot)
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(Patience, $"{path} was never answered from memory.");
    }

    private sealed record Answer(string Text, long Position, bool IsHot);

    private static async Task<Answer> GetAsync(HttpClient client, string path, long atLeast)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Events-Min-Position", atLeast.ToString(CultureInfo.InvariantCulture));
        using var response = await client.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return new Answer(text, PositionOf(response), response.Headers.TryGetValues("Cache-Status", out var said) && said.Single() == "events; hit");
    }

    private static long PositionOf(HttpResponseMessage response) => long.Parse(response.Headers.GetValues("Events-Position").Single(), CultureInfo.InvariantCulture);
}
