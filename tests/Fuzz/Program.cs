using Events.Fixtures;
using Events.Fuzz;
using Events.Platform.Postgres;

var seconds = Number("--seconds", 60);
var seed = Number("--seed", 20_260_101);
var directory = Directory.CreateTempSubdirectory("events-fuzz-");
try
{
    await using var events = await EventsProcess.StartAsync(directory.FullName, ["--demo"], new Dictionary<string, string?>(StringComparer.Ordinal), CancellationToken.None);
    var running = events.Running;
    var report = await FuzzRun.RunAsync(running.Url, running.Token!, ConnectionUri.Parse(running.Postgres).ConnectionString, seed, TimeSpan.FromSeconds(seconds), CancellationToken.None);
    Console.WriteLine($"seed {seed}: requests {report.Requests}, 2xx/3xx {report.Succeeded}, 4xx {report.Refused}, 5xx {report.ServerErrors}, findings {report.Findings.Count}");
    foreach (var finding in report.Findings)
        Console.WriteLine($"  {finding}");
    return report.Findings.Count == 0 ? 0 : 2;
}
finally
{
    directory.Delete(recursive: true);
}

int Number(string option, int otherwise)
{
    var at = Array.IndexOf(args, option);
    return at >= 0 && at + 1 < args.Length && int.TryParse(args[at + 1], out var given) ? given : otherwise;
}
