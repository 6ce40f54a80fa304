using System.Diagnostics;

namespace Events.Benchmarks.Append;

/// <summary>What a number of writers, each waiting for its own answer, got done.</summary>
internal sealed record Measured(double PerSecond, double P50, double P99)
{
    public static Measured Median(IEnumerable<Measured> rounds)
    {
        var all = rounds.ToList();
        return new Measured(Middle(all.Select(m => m.PerSecond)), Middle(all.Select(m => m.P50)), Middle(all.Select(m => m.P99)));
    }

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}

/// <summary>Concurrent writers in a closed loop.</summary>
internal static class Writers
{
    public static async Task<Measured> RunAsync(int writers, TimeSpan duration, Func<int, Task> append)
    {
        var until = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var started = Stopwatch.GetTimestamp();
        var samples = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => LoopAsync(writer, until, append))));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var all = samples.SelectMany(s => s).ToArray();
        Array.Sort(all);
        return new Measured(all.Length / elapsed, Milliseconds(all[all.Length / 2]), Milliseconds(all[(int)(all.Length * 0.99)]));
    }

    private static async Task<List<long>> LoopAsync(int writer, long until, Func<int, Task> append)
    {
        var took = new List<long>();
        while (Stopwatch.GetTimestamp() is var before && before < until)
        {
            await append(writer);
            took.Add(Stopwatch.GetTimestamp() - before);
        }

        return took;
    }

    private static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;
}
