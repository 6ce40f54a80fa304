using System.Diagnostics;
using System.Text;

namespace Events.Benchmarks.Load;

/// <param name="PerSecond">Answers with the expected status.</param>
/// <param name="P50">Milliseconds.</param>
/// <param name="P99">Milliseconds.</param>
/// <param name="Failed">Answers with another status.</param>
/// <param name="Failure">One of them: status and body.</param>
internal sealed record LoadResult(double PerSecond, double P50, double P99, long Failed, string? Failure);

/// <summary>Keeps a fixed number of connections busy for a bounded time, each with one request at a time.</summary>
internal static class LoadGenerator
{
    /// <param name="request">Bytes of the n-th request of a connection; called once for each.</param>
    public static async Task<LoadResult> RunAsync(
        Uri server,
        int connections,
        TimeSpan duration,
        int expectedStatus,
        Func<int, long, ReadOnlyMemory<byte>> request,
        CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var ends = started + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var runs = await Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(() => DriveAsync(server, c, ends, expectedStatus, request, ct), ct)));
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var latencies = runs.SelectMany(r => r.Latencies).ToArray();
        Array.Sort(latencies);
        var failed = runs.Sum(r => r.Failed);
        return new LoadResult(latencies.Length / elapsed, Percentile(latencies, 0.5), Percentile(latencies, 0.99), failed, runs.Select(r => r.Failure).FirstOrDefault(f => f is not null));
    }

    private static async Task<(List<double> Latencies, long Failed, string? Failure)> DriveAsync(
        Uri server,
        int connection,
        long ends,
        int expectedStatus,
        Func<int, long, ReadOnlyMemory<byte>> request,
        CancellationToken ct)
    {
        using var http = await HttpConnection.OpenAsync(server, ct);
        var latencies = new List<double>(16 * 1024);
        var failed = 0L;
        string? failure = null;
        for (var n = 0L; Stopwatch.GetTimestamp() < ends; n++)
        {
            var bytes = request(connection, n);
            var sent = Stopwatch.GetTimestamp();
            var (status, body) = await http.SendAsync(bytes, ct);
            if (status == expectedStatus)
            {
                latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                continue;
            }

            failed++;
            failure ??= $"{status} {Encoding.UTF8.GetString(body.Span)}";
        }

        return (latencies, failed, failure);
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
}
