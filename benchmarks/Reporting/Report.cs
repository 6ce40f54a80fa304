using System.Globalization;
using System.Text.Json;
using Events.Fixtures;

namespace Events.Benchmarks.Reporting;

/// <summary>Prints a Markdown table and writes <c>artifacts/bench/NAME.json</c>.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void Write(string name, IReadOnlyList<BenchmarkRow> rows)
    {
        Console.WriteLine("| name | value | unit | baseline | value of the baseline | ratio (more is better) |");
        Console.WriteLine("|---|---:|---|---|---:|---:|");
        foreach (var row in rows)
            Console.WriteLine($"| {row.Name} | {Number(row.Value)} | {row.Unit} | {row.BaselineName} | {Number(row.Baseline)} | {Number(row.Ratio)} |");

        File.WriteAllText(Path.Combine(SourceTree.Artifacts("bench"), $"{name}.json"), JsonSerializer.Serialize(rows, Json));
    }

    private static string Number(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "#,##0" : "0.##", CultureInfo.InvariantCulture);
}
