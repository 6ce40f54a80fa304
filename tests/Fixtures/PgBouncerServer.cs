using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Events.Platform.Postgres;
using Npgsql;

namespace Events.Fixtures;

/// <summary>Debian's PgBouncer in transaction mode before a test's database.</summary>
public sealed class PgBouncerServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly Process process;
    private readonly string directory;

    private PgBouncerServer(Process process, string directory, PostgresOptions options)
    {
        this.process = process;
        this.directory = directory;
        Options = options;
    }

    /// <summary>The database through the pooler, and directly for LISTEN and migrations.</summary>
    public PostgresOptions Options { get; }

    /// <param name="sessions">Server sessions that all clients share.</param>
    public static async Task<PgBouncerServer> StartAsync(TestDatabase database, int sessions = 10)
    {
        await DebianPackages.RequireAsync(Program, "pgbouncer", CancellationToken.None);
        var upstream = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var directory = Path.Combine(Path.GetTempPath(), $"events-pgbouncer-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        Directory.CreateDirectory(directory);
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(directory, "users.txt"), $"\"{upstream.Username}\" \"{upstream.Password}\"\n");
        await File.WriteAllTextAsync(Path.Combine(directory, "pgbouncer.ini"), $"""
            [databases]
            {upstream.Database} = host=127.0.0.1 port={upstream.Port} dbname={upstream.Database}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {directory}/users.txt
            pool_mode = transaction
            default_pool_size = {sessions}
            max_client_conn = 500
            """);

        // PgBouncer refuses to run as root.
        string[] drop = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] : [];
        string[] command = [.. drop, Program, "-q", Path.Combine(directory, "pgbouncer.ini")];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, WorkingDirectory = "/" })!;
        var options = database.Options with
        {
            ConnectionString = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = port }.ConnectionString,
            DirectConnectionString = database.ConnectionString,
            TransactionPooler = true,
        };
        var server = new PgBouncerServer(process, directory, options);
        await server.WaitUntilItAnswersAsync(port);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private async Task WaitUntilItAnswersAsync(int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (await timer.WaitForNextTickAsync(patience.Token))
        {
            if (process.HasExited)
                throw new InvalidOperationException($"pgbouncer ended with exit code {process.ExitCode}.");
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port, patience.Token);
                return;
            }
            catch (SocketException)
            {
                // Not yet.
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
