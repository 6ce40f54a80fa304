using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Events.Benchmarks.Jobs;

/// <summary>
/// Sends on schedule from a thread of its own, whatever the rest of the process does (an open loop). What is measured counts from
/// the moment at which a message was to be sent, so that a late sender hides nothing.
/// </summary>
internal static class Schedule
{
    private const int Monotonic = 1;
    private const int Absolute = 1;

    /// <param name="start">A timestamp of <see cref="Stopwatch"/>.</param>
    public static long At(long start, TimeSpan interval, int n) => start + (long)(n * interval.TotalSeconds * Stopwatch.Frequency);

    /// <param name="send">Must not wait.</param>
    public static Task RunAsync(long start, TimeSpan interval, int count, Action<int> send) => Task.Factory.StartNew(
        () =>
        {
            for (var n = 0; n < count; n++)
            {
                WaitUntil(At(start, interval, n));
                send(n);
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    // Timers here count in whole milliseconds of a coarse clock; the system's own sleep is good to 0.1 ms, and Stopwatch reads its clock.
    private static void WaitUntil(long timestamp)
    {
        var nanoseconds = (long)((Int128)timestamp * 1_000_000_000 / Stopwatch.Frequency);
        var at = new Moment(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        while (Stopwatch.GetTimestamp() < timestamp)
            _ = ClockNanosleep(Monotonic, Absolute, at, 0);
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ClockNanosleep(int clock, int flags, in Moment at, nint left);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Moment(long seconds, long nanoseconds)
    {
        public readonly long Seconds = seconds;
        public readonly long Nanoseconds = nanoseconds;
    }
}
