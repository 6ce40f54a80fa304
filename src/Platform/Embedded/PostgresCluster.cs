using Events.Platform.Startup;
using Events.Platform.Tenancy;

namespace Events.Platform.Embedded;

/// <summary>The files of one embedded server: made once, in a folder that is renamed into place when it is whole.</summary>
internal sealed class PostgresCluster
{
    // "local" is the socket in a folder that only this user may enter.
    private const string HostBasedAuthentication = """
        local all all scram-sha-256
        host all all 127.0.0.1/32 scram-sha-256

        """;

    public const string Administrator = "postgres";

    public const string Role = "events";

    public const string Database = "events";

    private readonly string home;

    private PostgresCluster(string home, string password)
    {
        this.home = home;
        Password = password;
    }

    public string Password { get; }

    public bool IsNew { get; private set; }

    public string Data => Path.Combine(home, "postgres");

    public string Log => Path.Combine(home, "postgres.log");

    public string Sockets => Path.Combine(home, "socket");

    public static async Task<PostgresCluster> OpenAsync(string home, PostgresBinaries binaries, PostgresAccount account, CancellationToken ct)
    {
        var cluster = new PostgresCluster(home, await PasswordAsync(Path.Combine(home, "postgres.password"), ct));
        if (!Directory.Exists(cluster.Data))
            await cluster.CreateAsync(binaries, account, ct);
        await account.CreateFolderAsync(cluster.Sockets, ct);
        return cluster;
    }

    private static async Task<string> PasswordAsync(string path, CancellationToken ct)
    {
        if (File.Exists(path))
            return (await File.ReadAllTextAsync(path, ct)).Trim();
        var password = System.Security.Cryptography.RandomNumberGenerator.GetHexString(32, lowercase: true);
        await PrivateFile.WriteAsync(path, password, ct);
        return password;
    }

    private async Task CreateAsync(PostgresBinaries binaries, PostgresAccount account, CancellationToken ct)
    {
        var work = Data + ".tmp";
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        await account.CreateFolderAsync(work, ct);

        // The server's first start flushes everything through its checkpoint; until the rename nothing counts.
        await RequireAsync(account.Command(binaries.Initdb, "-D", work, "-U", Administrator, "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync", "--no-instructions"), null, ct);
        await File.WriteAllTextAsync(Path.Combine(work, "pg_hba.conf"), HostBasedAuthentication, ct);
        // The application's role is no superuser: what works here works on a managed server.
        var roles = $"""
            alter role {Administrator} password '{Password}';
            create role {Role} login createdb password '{Password}';
            create role {TenantReads.Role} nologin;
            grant {TenantReads.Role} to {Role};
            create database {Database} owner {Role};

            """;
        await RequireAsync(account.Command(binaries.Postgres, "--single", "-D", work, "-c", "log_min_messages=error", "template1"), roles, ct);
        Directory.Move(work, Data);
        IsNew = true;
    }

    private async Task RequireAsync(string[] command, string? input, CancellationToken ct)
    {
        var result = await ChildProcess.RunAsync(command, "/", input, ct);
        if (result.ExitCode != 0)
            throw new CannotStartException($"PostgreSQL's data directory in {home} could not be made: {result.Tail}");
    }
}
