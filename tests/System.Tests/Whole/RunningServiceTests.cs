using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Fixtures;
using Npgsql;

namespace Events.System.Tests.Whole;

/// <summary>One service with its demo workspace, for tests that only look at it.</summary>
public sealed class DemoService : IAsyncLifetime
{
    public ServiceDirectory Home { get; } = new();

    public EventsProcess Process { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Process = await EventsProcess.StartAsync(Home.Path, ["serve", "--demo"], new Dictionary<string, string?>(StringComparer.Ordinal), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await Home.DisposeAsync();
    }
}

public sealed class RunningServiceTests(DemoService service) : IClassFixture<DemoService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_json_says_where_it_is_and_how_to_log_in_to_its_owner_only()
    {
        var file = service.Home.File("run.json");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var run = JsonDocument.Parse(await File.ReadAllBytesAsync(file, Ct)).RootElement;
        run.EnumerateObject().Select(member => member.Name).ShouldBe(["url", "email", "password", "token", "workspaceId", "pid", "postgres"]);
        run.GetProperty("pid").GetInt32().ShouldBe(service.Process.Id);

        await using var database = NpgsqlDataSource.Create(Events.Platform.Postgres.ConnectionUri.Parse(service.Process.Running.Postgres));
        await using var command = database.CreateCommand("select count(*) from mt_events where type = 'task_created'");
        (await command.ExecuteScalarAsync(Ct)).ShouldBe(320L);
    }

    [Fact]
    public async Task The_printed_curl_lists_tasks()
    {
        using var client = new TaskClient(service.Process.Running);
        (await client.ListAsync("limit=5", Ct)).GetProperty("items").GetArrayLength().ShouldBe(5);
        service.Process.Output.ShouldContain($"curl -H 'Authorization: Bearer {service.Process.Running.Token}' '{service.Process.Running.Url.ToString().TrimEnd('/')}/api/v1/tasks?limit=5'");
    }

    [Fact]
    public async Task Says_that_it_lives_and_is_ready()
    {
        using var http = new HttpClient { BaseAddress = service.Process.Running.Url };
        (await http.GetAsync("/health/live", Ct)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var ready = await http.GetFromJsonAsync<JsonElement>("/health/ready", Ct);
        ready.GetProperty("status").GetString().ShouldBe("Healthy");
        ready.GetProperty("checks").GetProperty("migrations").GetProperty("status").GetString().ShouldBe("Healthy");
    }

    [Fact]
    public Task A_second_owner_of_the_data_directory_is_refused() =>
        ServiceTests.RefusesAsync(service.Home.Path, [], $"The data directory {service.Home.Path} is in use by process {service.Process.Id}: stop it first, or choose another with Events__DataDirectory.");

    [Fact]
    public async Task Logs_are_json_lines_when_they_go_nowhere_else()
    {
        var lines = service.Process.Output.Split('\n').Where(line => line.StartsWith('{')).ToList();
        lines.ShouldNotBeEmpty();
        foreach (var line in lines)
            JsonDocument.Parse(line).RootElement.GetProperty("Category").GetString()!.ShouldStartWith("Events.");
    }
}
