using System.Collections.Concurrent;
using System.Reflection;
using System.Security.Cryptography;
using Events.Platform;
using Events.Platform.Embedded;
using Events.Platform.Migrations;
using Events.Platform.Postgres;
using Events.Platform.Startup;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Events.Fixtures;

/// <summary>
/// A PostgreSQL of the test process's own, as durable as in production: <c>[assembly: AssemblyFixture(typeof(PostgresServer))]</c>
/// starts PostgreSQL 18 once. Its files are in the folder for temporary files and go with it.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static readonly string Home = Path.Combine(Path.GetTempPath(), "events-tests");

    private readonly PostgresBinaries? binaries;
    private readonly string directory = Path.Combine(Home, RandomNumberGenerator.GetHexString(8, lowercase: true));
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> templates = new(StringComparer.Ordinal);
    private EmbeddedPostgres? postgres;
    private NpgsqlDataSource? administrator;
    private int databases;

    public PostgresServer()
    {
    }

    private PostgresServer(PostgresBinaries binaries) => this.binaries = binaries;

    /// <summary>The superuser's, in the database <c>postgres</c>.</summary>
    public NpgsqlDataSource Administrator => administrator ?? throw new InvalidOperationException("The server has not been started.");

    public int Port => Postgres.Port;

    /// <summary>The postmaster's.</summary>
    public int ProcessId => Postgres.ProcessId;

    private EmbeddedPostgres Postgres => postgres ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>Another PostgreSQL 18, for a test that stops it.</summary>
    public static async Task<PostgresServer> StartNewAsync()
    {
        var server = new PostgresServer();
        await server.InitializeAsync();
        return server;
    }

    /// <summary>Another PostgreSQL 18, for a measurement: like one that has run for a while, it need not make files of its log meanwhile.</summary>
    public static async Task<PostgresServer> StartToMeasureAsync()
    {
        var server = await StartNewAsync();
        await server.Postgres.PrepareLogAsync(files: 15, CancellationToken.None);
        return server;
    }

    /// <summary>Debian's PostgreSQL 15; root installs it when it is absent.</summary>
    public static async Task<PostgresServer> StartDebian15Async()
    {
        const string Programs = "/usr/lib/postgresql/15/bin";
        await DebianPackages.RequireAsync(Path.Combine(Programs, "postgres"), "postgresql-15", CancellationToken.None);
        var server = new PostgresServer(new PostgresBinaries(Programs));
        await server.InitializeAsync();
        return server;
    }

    public async ValueTask InitializeAsync()
    {
        DeleteLeftovers();
        postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                DataDirectory = directory,
                Binaries = binaries,
                Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["max_connections"] = "400" },
            },
            CancellationToken.None);
        administrator = NpgsqlDataSource.Create(postgres.AdministratorConnectionString);
    }

    /// <summary>A database with the migrations of these assemblies (and of Platform) applied.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync(params Assembly[] migrations)
    {
        var template = await TemplateAsync(migrations);
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"create database {name} template {template} owner events");
        // A clone does not carry the settings that its template's migrations made for the role.
        await ExecuteAsync($"alter role events in database {name} set search_path = events, public");
        return new TestDatabase(OptionsFor(name));
    }

    /// <summary>A database without anything, not even a schema.</summary>
    public async Task<TestDatabase> CreateEmptyDatabaseAsync()
    {
        var name = $"empty_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"create database {name} owner events");
        return new TestDatabase(OptionsFor(name));
    }

    /// <summary>Takes it away, with what vacuum would still have to do in it; for whoever measures another one next.</summary>
    public async Task DropAsync(TestDatabase database)
    {
        await database.DisposeAsync();
        await ExecuteAsync($"drop database {new NpgsqlConnectionStringBuilder(database.ConnectionString).Database} with (force)");
    }

    /// <summary>Stops as in a crash: sessions break, nothing is flushed.</summary>
    public Task StopImmediateAsync() => Postgres.StopImmediateAsync(CancellationToken.None);

    /// <summary>Starts it again on the same port; it recovers first.</summary>
    public Task StartAsync() => Postgres.StartAgainAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (postgres is null)
            return;
        await Administrator.DisposeAsync();
        await postgres.StopImmediateAsync(CancellationToken.None);
        await postgres.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private Task<string> TemplateAsync(Assembly[] migrations)
    {
        var assemblies = migrations.Append(typeof(PlatformServices).Assembly).Distinct().OrderBy(a => a.FullName, StringComparer.Ordinal).ToArray();
        var key = string.Join('|', assemblies.Select(a => a.FullName));
        return templates.GetOrAdd(key, _ => new Lazy<Task<string>>(() => CreateTemplateAsync(assemblies))).Value;
    }

    private async Task<string> CreateTemplateAsync(Assembly[] assemblies)
    {
        var name = $"template_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"create database {name} owner events");
        // PostgreSQL clones only a database that nobody is connected to.
        await using var database = new TestDatabase(OptionsFor(name));
        var migrator = new Migrator(database.Direct, database.Options, assemblies.Select(a => new MigrationAssembly(a)), NullLogger<Migrator>.Instance);
        await migrator.MigrateAsync(CancellationToken.None);
        return name;
    }

    private PostgresOptions OptionsFor(string database) => new()
    {
        ConnectionString = new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Database = database }.ConnectionString,
        PoolSize = 20,
    };

    private async Task ExecuteAsync(string sql)
    {
        await using var command = Administrator.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Of test processes that were killed.</summary>
    private static void DeleteLeftovers()
    {
        if (!Directory.Exists(Home))
            return;
        foreach (var left in Directory.GetDirectories(Home))
        {
            if (TimeProvider.System.GetUtcNow().UtcDateTime - Directory.GetLastWriteTimeUtc(left) < TimeSpan.FromHours(1))
                continue;
            try
            {
                DataDirectoryLock.Take(left).Dispose();
                Directory.Delete(left, recursive: true);
            }
            catch (Exception error) when (error is CannotStartException or IOException)
            {
                // In use, or somebody else deletes it.
            }
        }
    }
}
