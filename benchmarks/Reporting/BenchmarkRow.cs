namespace Events.Benchmarks.Reporting;

/// <summary>One measured figure beside what it is compared with in the same run.</summary>
/// <param name="Ratio">Better is larger, whatever the unit.</param>
public sealed record BenchmarkRow(string Name, double Value, string Unit, string BaselineName, double Baseline, double Ratio)
{
    /// <summary>For rates: more is better.</summary>
    public static BenchmarkRow Rate(string name, double value, string unit, string baselineName, double baseline) =>
        new(name, value, unit, baselineName, baseline, baseline == 0 ? 0 : value / baseline);

    /// <summary>For latencies and sizes: less is better.</summary>
    public static BenchmarkRow Cost(string name, double value, string unit, string baselineName, double baseline) =>
        new(name, value, unit, baselineName, baseline, value == 0 ? 0 : baseline / value);
}
