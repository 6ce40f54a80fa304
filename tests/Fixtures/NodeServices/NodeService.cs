using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace Events.Fixtures.NodeServices;

/// <summary>
/// A real server from npm as a child process on a free loopback port. Packages are installed once per machine into the user's
/// cache; the process is ended by its id when the fixture is disposed.
/// </summary>
public sealed partial class NodeService : IAsyncDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(3);

    private readonly Process process;
    private readonly Channel<string> lines;

    private NodeService(Process process, Channel<string> lines, int port)
    {
        this.process = process;
        this.lines = lines;
        Port = port;
    }

    public int Port { get; }

    /// <summary>What the service prints after it has told its port, line by line.</summary>
    public ChannelReader<string> Lines => lines.Reader;

    /// <summary>Starts <paramref name="script"/> (a path inside the installed packages, or an absolute one) and waits until it prints an address with its port.</summary>
    public static async Task<NodeService> StartAsync(string package, string version, string script, string[] arguments, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(LongestStart);
        var home = await InstallAsync(package, version, limit.Token);
        var start = new ProcessStartInfo("node", [Path.Combine(home, "node_modules", script), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home,
        };
        start.Environment["NODE_PATH"] = Path.Combine(home, "node_modules");
        start.Environment["NODE_NO_WARNINGS"] = "1";
        var process = Process.Start(start)!;
        var lines = Channel.CreateUnbounded<string>();
        process.OutputDataReceived += (_, line) => Pass(line.Data);
        process.ErrorDataReceived += (_, line) => Pass(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            var seen = new List<string>();
            while (await lines.Reader.WaitToReadAsync(limit.Token))
            {
                while (lines.Reader.TryRead(out var line))
                {
                    seen.Add(line);
                    if (Address().Match(line) is { Success: true } match)
                        return new NodeService(process, lines, int.Parse(match.Groups["port"].Value));
                }
            }
            throw new InvalidOperationException($"{package} ended before it listened: {string.Join(" | ", seen)}");
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        void Pass(string? line)
        {
            if (line is null)
                lines.Writer.TryComplete();
            else
                lines.Writer.TryWrite(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    [GeneratedRegex(@"(?:127\.0\.0\.1|localhost):(?<port>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Address();

    private static async Task<string> InstallAsync(string package, string version, CancellationToken ct)
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } configured
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        var home = Path.Combine(cache, "events", "node", $"{package}-{version}");
        if (Directory.Exists(home))
            return home;
        // Each installer works in a folder of its own; the rename makes the first whole one the result.
        var work = Directory.CreateDirectory($"{home}.{Guid.NewGuid():N}.tmp").FullName;
        await File.WriteAllTextAsync(Path.Combine(work, "package.json"), """{"private":true}""", ct);
        var start = new ProcessStartInfo("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", $"{package}@{version}"])
        {
            WorkingDirectory = work,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using (var npm = Process.Start(start)!)
        {
            var output = npm.StandardOutput.ReadToEndAsync(ct);
            var error = npm.StandardError.ReadToEndAsync(ct);
            await npm.WaitForExitAsync(ct);
            if (npm.ExitCode != 0)
                throw new InvalidOperationException($"npm could not install {package}@{version}: {await output}{await error}");
        }
        try
        {
            Directory.Move(work, home);
        }
        catch (IOException) when (Directory.Exists(home))
        {
            Directory.Delete(work, recursive: true);
        }
        return home;
    }
}
