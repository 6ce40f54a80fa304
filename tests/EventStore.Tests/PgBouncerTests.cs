using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Events.Fixtures;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Npgsql;
using Shouldly;

namespace Events.EventStore.Tests;

/// <summary>Through Debian's PgBouncer in transaction mode with two server sessions: nothing may be kept in a session.</summary>
public sealed class PgBouncerTests(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task Everything_works_through_a_transaction_pooler()
    {
        await ExecuteAsync(FakeOutbox.Sql);
        await using var pooler = await PgBouncer.StartAsync(Database.ConnectionString, Server.Port, Stop);
        var options = Database.Options with { ConnectionString = pooler.ConnectionString, DirectConnectionString = Database.ConnectionString, TransactionPooler = true };
        await using var pooled = PostgresDataSources.Create(options, logging: null);
        await using var store = await Store.On(
            Database,
            more: services => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(services, pooled)).FollowingAsync();

        await Scenario.RunAsync(store, Tenant, Stop);
        await using var version = pooled.CreateCommand("show search_path");
        (await version.ExecuteScalarAsync(Stop)).ShouldBe("events, public");
    }
}

/// <summary>A PgBouncer of the test's own.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly Process process;
    private readonly string directory;

    private PgBouncer(Process process, string directory, string connectionString)
    {
        this.process = process;
        this.directory = directory;
        ConnectionString = connectionString;
    }

    public string ConnectionString { get; }

    public static async Task<PgBouncer> StartAsync(string connectionString, int serverPort, CancellationToken ct)
    {
        if (!File.Exists(Program))
            await InstallAsync(ct);
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var port = FreePort();
        var directory = Directory.CreateTempSubdirectory("events-pgbouncer-").FullName;
        File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
        await File.WriteAllTextAsync(Path.Combine(directory, "users.txt"), $"\"{target.Username}\" \"{target.Password}\"\n", ct);
        var ini = Path.Combine(directory, "pgbouncer.ini");
        await File.WriteAllTextAsync(
            ini,
            $"""
             [databases]
             {target.Database} = host=127.0.0.1 port={serverPort} dbname={target.Database} user={target.Username} password={target.Password}
             [pgbouncer]
             listen_addr = 127.0.0.1
             listen_port = {port}
             unix_socket_dir =
             auth_type = trust
             auth_file = {Path.Combine(directory, "users.txt")}
             pool_mode = transaction
             default_pool_size = 2
             max_client_conn = 200
             ignore_startup_parameters = extra_float_digits
             """,
            ct);
        var start = new ProcessStartInfo(Program) { UseShellExecute = false, RedirectStandardError = true };
        if (Environment.IsPrivilegedProcess)
        {
            // It refuses to be root.
            start.ArgumentList.Add("-u");
            start.ArgumentList.Add("nobody");
        }

        start.ArgumentList.Add(ini);
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        await ListeningAsync(port, process, ct);
        var through = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port };
        return new PgBouncer(process, directory, through.ConnectionString);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task ListeningAsync(int port, Process process, CancellationToken ct)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await pace.WaitForNextTickAsync(ct))
        {
            if (process.HasExited)
                throw new InvalidOperationException($"pgbouncer ended with exit code {process.ExitCode}.");
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, ct);
                return;
            }
            catch (SocketException)
            {
                // Not yet.
            }
        }
    }

    private static async Task InstallAsync(CancellationToken ct)
    {
        foreach (var arguments in (string[])["-o DPkg::Lock::Timeout=300 update -q", "-o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends pgbouncer"])
        {
            using var install = Process.Start(new ProcessStartInfo("/usr/bin/apt-get", arguments) { UseShellExecute = false })!;
            await install.WaitForExitAsync(ct);
            if (install.ExitCode != 0)
                throw new InvalidOperationException($"The test needs {Program}: install Debian's pgbouncer (root installs it by itself).");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
