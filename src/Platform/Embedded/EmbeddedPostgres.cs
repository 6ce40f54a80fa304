using System.Net;
using System.Net.Sockets;
using Events.Platform.Startup;
using Npgsql;

namespace Events.Platform.Embedded;

/// <summary>
/// A PostgreSQL of our own below a data directory: reachable on loopback only, stopped with this process however it ends,
/// and recovered by the next start. One owner at a time.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const int Attempts = 5;

    // sun_path holds 108 bytes, of which the server adds "/.s.PGSQL.65535".
    private const int LongestSocketFolder = 90;

    private readonly EmbeddedPostgresOptions options;
    private readonly DataDirectoryLock ownership;
    private readonly PostgresBinaries binaries;
    private readonly PostgresAccount account;
    private readonly PostgresCluster cluster;
    private ServerProcess? server;

    private EmbeddedPostgres(EmbeddedPostgresOptions options, DataDirectoryLock ownership, PostgresBinaries binaries, PostgresAccount account, PostgresCluster cluster)
    {
        this.options = options;
        this.ownership = ownership;
        this.binaries = binaries;
        this.account = account;
        this.cluster = cluster;
    }

    public int Port { get; private set; }

    /// <summary>Whether this start made the data directory.</summary>
    public bool IsNew => cluster.IsNew;

    /// <summary>The postmaster's.</summary>
    public int ProcessId => server?.ProcessId ?? 0;

    /// <summary>For the application: its own role and database.</summary>
    public string ConnectionString => Connect(PostgresCluster.Role, PostgresCluster.Database);

    /// <summary>For the superuser, in the database <c>postgres</c>.</summary>
    public string AdministratorConnectionString => Connect(PostgresCluster.Administrator, "postgres");

    /// <summary>The application's database as psql and other programs take it: <c>postgresql://…</c>.</summary>
    public Uri Uri => new($"postgresql://{PostgresCluster.Role}:{cluster.Password}@127.0.0.1:{Port}/{PostgresCluster.Database}");

    private string? SocketFolder => System.Text.Encoding.UTF8.GetByteCount(cluster.Sockets) <= LongestSocketFolder ? cluster.Sockets : null;

    /// <exception cref="CannotStartException">The directory has an owner, or the server does not start.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken ct)
    {
        options = options with { DataDirectory = Path.GetFullPath(options.DataDirectory) };
        var ownership = DataDirectoryLock.Take(options.DataDirectory);
        try
        {
            var binaries = options.Binaries ?? await PostgresBinaries.FindOrFetchAsync(ct);
            var account = await PostgresAccount.ChooseAsync(binaries, options.DataDirectory, ct);
            await PostmasterFile.WaitForLeftoverAsync(Path.Combine(options.DataDirectory, "postgres", "postmaster.pid"), ct);
            var cluster = await PostgresCluster.OpenAsync(options.DataDirectory, binaries, account, ct);
            var postgres = new EmbeddedPostgres(options, ownership, binaries, account, cluster);
            await postgres.StartAgainAsync(ct);
            return postgres;
        }
        catch
        {
            ownership.Dispose();
            throw;
        }
    }

    /// <summary>Starts the server that was stopped, on the same port.</summary>
    public async Task StartAgainAsync(CancellationToken ct)
    {
        if (server is { HasExited: false })
            return;
        // Another program may take the free port between the look and the start, and a crashed server's last processes may
        // hold its memory for a moment. Both pass; the log tells everything else.
        for (var attempt = 1; ; attempt++)
        {
            var port = Port != 0 ? Port : options.Port ?? FreePort();
            File.Delete(cluster.Log);
            server?.Dispose();
            server = await ServerProcess.StartAsync(cluster, account.Command([binaries.Postgres, "-D", cluster.Data, .. Settings(port)]), ct);
            if (server is not null)
            {
                Port = port;
                return;
            }

            var log = await File.ReadAllTextAsync(cluster.Log, ct);
            var passes = log.Contains("could not bind", StringComparison.Ordinal) || log.Contains("shared memory block", StringComparison.Ordinal);
            if (!passes || attempt == Attempts)
                throw new CannotStartException($"The embedded PostgreSQL does not start: {new ChildProcess.Result(1, log).Tail}");
            await Task.Delay(TimeSpan.FromMilliseconds(200 * attempt), TimeProvider.System, ct);
        }
    }

    // A transaction number is what makes the switch more than a no-op. The checkpoint keeps the files that are behind it for later use.
    private const string NextLogFileSql =
        """
        select pg_current_xact_id(); select pg_switch_wal()
        """;

    /// <summary>
    /// Makes files of the write-ahead log before they are needed, 16 MB each. A young server otherwise makes one whenever the last is full,
    /// and every commit waits 20 to 50 ms for it; one that has run for a while uses old ones again.
    /// </summary>
    /// <param name="files">At most 15: what <c>min_wal_size</c> lets a checkpoint keep.</param>
    public async Task PrepareLogAsync(int files, CancellationToken ct)
    {
        await using var administrator = NpgsqlDataSource.Create(AdministratorConnectionString);
        for (var file = 0; file < files; file++)
        {
            await using var next = administrator.CreateCommand(NextLogFileSql);
            await next.ExecuteNonQueryAsync(ct);
        }

        await using var checkpoint = administrator.CreateCommand("checkpoint");
        await checkpoint.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Stops in order: everybody is disconnected, everything is flushed.</summary>
    public Task StopAsync(CancellationToken ct) => server?.StopAsync("INT", ct) ?? Task.CompletedTask;

    /// <summary>Stops as in a crash; the next start recovers from the log.</summary>
    public Task StopImmediateAsync(CancellationToken ct) => server?.StopAsync("QUIT", ct) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        server?.Dispose();
        ownership.Dispose();
    }

    private IEnumerable<string> Settings(int port)
    {
        var settings = ServerSettings.For(port, SocketFolder);
        foreach (var (name, value) in options.Settings)
            settings[name] = value;
        return settings.SelectMany(setting => (string[])["-c", $"{setting.Key}={setting.Value}"]);
    }

    private string Connect(string role, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = SocketFolder ?? "127.0.0.1",
        Port = Port,
        Username = role,
        Password = cluster.Password,
        Database = database,
    }.ConnectionString;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
