using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Events.Fixtures;

namespace Events.System.Tests.Whole;

/// <summary>The executable as people run it: a process of its own, with its embedded PostgreSQL.</summary>
public sealed class ServiceTests : IAsyncDisposable
{
    private static readonly Dictionary<string, string?> NoVariables = [];

    private readonly ServiceDirectory home = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => home.DisposeAsync();

    [Fact]
    public async Task P1_what_was_acknowledged_survives_kill_9_of_the_service_and_its_database()
    {
        var acknowledged = new Dictionary<Guid, string>();
        long position;
        await using (var events = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], NoVariables, Ct))
        {
            using var client = new TaskClient(events.Running);
            var project = await client.FirstProjectAsync(Ct);
            var writers = Enumerable.Range(0, 8).Select(writer => WriteUntilItBreaksAsync(client, project, writer, acknowledged, () => KillPostmasterAndServiceAsync(events))).ToList();
            await Task.WhenAll(writers);
            position = client.Position;
        }

        await using var again = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], NoVariables, Ct);
        using var reader = new TaskClient(again.Running);
        acknowledged.Count.ShouldBeGreaterThanOrEqualTo(200);
        foreach (var (id, title) in acknowledged)
            (await reader.TitleAsync(id, position, Ct)).ShouldBe(title);
    }

    [Fact]
    public async Task Its_database_ends_with_it_however_it_ends()
    {
        int postmaster;
        await using (var events = await EventsProcess.StartAsync(home.Path, [], NoVariables, Ct))
        {
            postmaster = home.PostmasterId!.Value;
            await events.KillAsync(Ct);
        }

        await ServiceDirectory.EndedAsync(postmaster);
    }

    [Fact]
    public async Task A_signal_to_terminate_stops_everything_in_order()
    {
        await using var events = await EventsProcess.StartAsync(home.Path, [], NoVariables, Ct);
        var postmaster = home.PostmasterId!.Value;
        using (var kill = Process.Start("kill", ["-TERM", events.Id.ToString()]))
            await kill.WaitForExitAsync(Ct);
        await ServiceDirectory.EndedAsync(events.Id);
        await ServiceDirectory.EndedAsync(postmaster);
        File.Exists(home.File("run.json")).ShouldBeFalse();
        (await File.ReadAllTextAsync(home.File("postgres.log"), Ct)).ShouldContain("database system is shut down");
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}";
        await RefusesAsync(home.Path, new() { ["ASPNETCORE_URLS"] = url }, $"{url} is in use by another program: stop it, or choose another port with ASPNETCORE_URLS.");
    }

    [Theory]
    [InlineData("ConnectionStrings__Postgres", "Host=127.0.0.1;Port=1;Database=events;Username=x", "PostgreSQL at 127.0.0.1:1/events cannot be reached: Connection refused.")]
    [InlineData("ConnectionStrings__Postgres", "postgresql://x@127.0.0.1:1/events", "PostgreSQL at 127.0.0.1:1/events cannot be reached: Connection refused.")]
    [InlineData("Events__Roles", "api,cook", "Events__Roles takes api, projections and jobs, separated by commas; cook is none of them.")]
    [InlineData("Events__Postgres__PoolSize", "1", "Events__Postgres__PoolSize takes 2 to 1000 connections.")]
    [InlineData("ASPNETCORE_URLS", "here", "ASPNETCORE_URLS takes addresses such as http://localhost:5080; here is none.")]
    public Task What_cannot_work_is_said_in_one_sentence(string variable, string value, string sentence) =>
        RefusesAsync(home.Path, new() { [variable] = value }, sentence);

    [Fact]
    public async Task Two_processes_of_different_roles_share_a_PostgreSQL_15()
    {
        await using var server = await PostgresServer.StartDebian15Async();
        await using var database = await server.CreateEmptyDatabaseAsync();
        var (api, projections) = (home.File("api"), home.File("projections"));
        // Both migrate at once; the master key is a matter of the installation, not of the process.
        Dictionary<string, string?> Of(string roles) => new() { ["ConnectionStrings__Postgres"] = database.ConnectionString, ["Events__Roles"] = roles, ["Events__Identity__MasterKey"] = new string('A', 43) + "=" };
        await using var daemon = await EventsProcess.StartAsync(projections, [], Of("projections"), Ct);
        await using var service = await EventsProcess.StartAsync(api, ["serve", "--demo"], Of("api"), Ct);
        using var client = new TaskClient(service.Running);
        (await client.ListAsync("limit=5", Ct)).GetProperty("items").GetArrayLength().ShouldBe(5);
    }

    internal static async Task RefusesAsync(string directory, Dictionary<string, string?> variables, string sentence)
    {
        var (exitCode, output) = await EventsProcess.RunToEndAsync(Directory.CreateDirectory(directory).FullName, [], variables, Ct);
        output.Trim().ShouldBe(sentence);
        exitCode.ShouldBe(1);
    }

    private static async Task WriteUntilItBreaksAsync(TaskClient client, Guid project, int writer, Dictionary<Guid, string> acknowledged, Func<Task> breakIt)
    {
        for (var n = 0; ; n++)
        {
            var title = $"Writer {writer}, task {n}";
            try
            {
                var id = await client.CreateAsync(project, title, Ct);
                int count;
                lock (acknowledged)
                {
                    acknowledged.Add(id, title);
                    count = acknowledged.Count;
                }

                if (count == 200)
                    await breakIt();
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                return;
            }
        }
    }

    private async Task KillPostmasterAndServiceAsync(EventsProcess events)
    {
        using var postmaster = Process.GetProcessById(home.PostmasterId!.Value);
        postmaster.Kill();
        await events.KillAsync(Ct);
    }
}
