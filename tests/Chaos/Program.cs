using System.Text.Json;
using Events.Chaos;
using Events.Chaos.Jobs;
using Events.Chaos.Store;
using Events.Fixtures;

if (args is [StoreWorker.Argument, _])
    return await StoreWorker.RunAsync(args);
if (args is [JobsWorker.Name, var connection])
    return await JobsWorker.RunAsync(connection);

// The contents page: one folder a scenario. A scenario may start this same executable again as its worker processes.
var scenarios = new Dictionary<string, Func<TimeSpan, CancellationToken, Task<ChaosReport>>>(StringComparer.Ordinal)
{
    ["jobs"] = JobsChaos.RunAsync,
    ["store"] = StoreScenario.RunAsync,
};

var name = args.FirstOrDefault(a => !a.StartsWith('-'));
if (name is null || !scenarios.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"usage: just chaos NAME [--seconds N], NAME one of: {string.Join(", ", scenarios.Keys)}");
    return 1;
}

var at = Array.IndexOf(args, "--seconds");
var seconds = at >= 0 && at + 1 < args.Length && int.TryParse(args[at + 1], out var given) ? given : 60;
var report = await run(TimeSpan.FromSeconds(seconds), CancellationToken.None);
var json = JsonSerializer.Serialize(report, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true });
Console.WriteLine(json);
await File.WriteAllTextAsync(Path.Combine(SourceTree.Artifacts("chaos"), $"{name}.json"), json);
return report.IsClean ? 0 : 2;
