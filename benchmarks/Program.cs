using Events.Benchmarks.Append;
using Events.Benchmarks.HttpApi;
using Events.Benchmarks.HttpApi.Baseline;
using Events.Benchmarks.Projections;
using Events.Benchmarks.Jobs;
using Events.Benchmarks.Import;
using Events.Benchmarks.Reporting;
using Events.Benchmarks.RowSecurity;

if (args is [HttpApiBenchmark.BaselineCommand, var url, var connectionString])
    return await BaselineService.RunAsync(url, connectionString, CancellationToken.None);

// The contents page: one folder a benchmark.
var benchmarks = new Dictionary<string, Func<bool, CancellationToken, Task<IReadOnlyList<BenchmarkRow>>>>(StringComparer.Ordinal)
{
    ["append"] = AppendBenchmark.RunAsync,
    ["http"] = HttpApiBenchmark.RunAsync,
    ["row-security"] = RowSecurityBenchmark.RunAsync,
    ["projections"] = ProjectionsBenchmark.RunAsync,
    ["jobs"] = JobsBenchmark.RunAsync,
    ["import"] = ImportBenchmark.RunAsync,
};

var name = args.FirstOrDefault(a => !a.StartsWith('-'));
var quick = args.Contains("--quick", StringComparer.Ordinal);
if (name is null || !benchmarks.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"usage: just bench NAME [--quick], NAME one of: {string.Join(", ", benchmarks.Keys)}");
    return 1;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
Report.Write(name, await run(quick, stop.Token));
return 0;
