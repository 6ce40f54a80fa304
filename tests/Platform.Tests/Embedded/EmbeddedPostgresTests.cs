using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Events.Platform.Embedded;
using Events.Platform.Startup;
using Npgsql;

namespace Events.Platform.Tests.Embedded;

public sealed class EmbeddedPostgresTests : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("events-embedded-").FullName;
    private EmbeddedPostgres? postgres;

    private EmbeddedPostgres Postgres => postgres!;

    private string Home => Path.Combine(directory, "data");

    // A folder that only root may enter, such as /root, is where the data of root's services lies.
    public async ValueTask InitializeAsync()
    {
        File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        postgres = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Postgres.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Serves_version_18_to_a_role_that_is_no_superuser() =>
        (await AskAsync("select current_setting('server_version_num')::int / 10000 || ' ' || current_setting('is_superuser')")).ShouldBe("18 off");

    [Fact]
    public async Task Keeps_every_guard_of_durability_on() =>
        (await AskAsync("select concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))")).ShouldBe("on on on");

    [Fact]
    public void Listens_on_loopback_only()
    {
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(l => l.Port == Postgres.Port).ToList();
        listeners.ShouldNotBeEmpty();
        listeners.ShouldAllBe(l => IPAddress.IsLoopback(l.Address));
    }

    [Fact]
    public void Never_runs_as_root() =>
        File.ReadAllLines($"/proc/{Postgres.ProcessId}/status").Single(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1].ShouldNotBe("0");

    [Fact]
    public async Task Asks_a_client_on_the_port_for_the_password()
    {
        var wrong = new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Host = "127.0.0.1", Password = "guess", Pooling = false };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);
        (await Should.ThrowAsync<PostgresException>(() => connection.OpenAsync())).SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    [Fact]
    public void Keeps_its_password_to_itself()
    {
        var file = Path.Combine(Home, "postgres.password");
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.ReadAllBytes(file).Length.ShouldBe(32);
    }

    [Fact]
    public async Task A_second_owner_is_refused_with_the_first_one_named()
    {
        var refusal = await Should.ThrowAsync<CannotStartException>(StartAsync);
        refusal.Message.ShouldBe($"The data directory {Home} is in use by process {Environment.ProcessId}: stop it first, or choose another with Events__DataDirectory.");
        (await AskAsync("select 'still here'")).ShouldBe("still here");
    }

    [Fact]
    public async Task Committed_rows_survive_an_immediate_stop()
    {
        await AskAsync("create table kept as select 7 as n");
        await Postgres.StopImmediateAsync(CancellationToken.None);
        await Postgres.StartAgainAsync(CancellationToken.None);
        (await AskAsync("select n::text from kept")).ShouldBe("7");
    }

    [Fact]
    public async Task Starts_again_on_the_same_data_after_a_clean_stop()
    {
        await AskAsync("create table kept as select 8 as n");
        await Postgres.DisposeAsync();
        postgres = await StartAsync();
        (await AskAsync("select n::text from kept")).ShouldBe("8");
    }

    [Fact]
    public async Task A_server_that_outlived_its_owner_and_its_watchdog_is_stopped_by_the_next_start()
    {
        await AskAsync("create table kept as select 9 as n");
        var leftover = Postgres.ProcessId;
        using (var watchdog = Process.GetProcessById(ParentOf(leftover)))
        {
            watchdog.Kill();
            await watchdog.WaitForExitAsync();
        }

        await Postgres.DisposeAsync();
        postgres = await StartAsync();
        Postgres.ProcessId.ShouldNotBe(leftover);
        (await AskAsync("select n::text from kept")).ShouldBe("9");
    }

    [Fact]
    public async Task A_half_made_data_directory_is_made_anew()
    {
        var home = Path.Combine(directory, "other");
        Directory.CreateDirectory(Path.Combine(home, "postgres.tmp", "base"));
        await using var other = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = home }, CancellationToken.None);
        other.ProcessId.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_setting_that_PostgreSQL_refuses_is_told_in_its_words()
    {
        var options = new EmbeddedPostgresOptions
        {
            DataDirectory = Path.Combine(directory, "other"),
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["shared_buffers"] = "lots" },
        };
        var refusal = await Should.ThrowAsync<CannotStartException>(() => EmbeddedPostgres.StartAsync(options, CancellationToken.None));
        refusal.Message.ShouldContain("invalid value for parameter \"shared_buffers\": \"lots\"");
    }

    private Task<EmbeddedPostgres> StartAsync() =>
        EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = Home }, CancellationToken.None);

    private async Task<string?> AskAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() as string;
    }

    private static int ParentOf(int processId) =>
        int.Parse(File.ReadAllLines($"/proc/{processId}/status").Single(l => l.StartsWith("PPid:", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);
}
