using System.Diagnostics;
using Events.Benchmarks.Seeding;
using Events.Platform.Pacing;
using Events.Platform.Tenancy;
using Events.Projections.TaskList;

namespace Events.Benchmarks.Projections;

internal sealed record ReadTimes(int Reads, int Failed, double P99, double Worst);

/// <summary>A person's lists, 200 pages a second: what a rebuild must not be felt by.</summary>
internal sealed class ListReader(TaskListQuery query, ForegroundLoad foreground, SampleTasks sample)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(5);

    public async Task<ReadTimes> RunAsync(TimeSpan duration, CancellationToken ct)
    {
        var times = new List<double>();
        var failed = 0;
        var began = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Every);
        for (var n = 0; (duration == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(began) < duration) && !ct.IsCancellationRequested; n++)
        {
            // As every request over HTTP does.
            foreground.Note();
            var started = Stopwatch.GetTimestamp();
            try
            {
                var project = sample.Projects[n % sample.Projects.Count];
                var filter = n % 2 == 0 ? TaskListFilter.All : new TaskListFilter { ProjectId = project.Id };
                await query.RunAsync(new TenantId(project.TenantId), filter, TaskListSort.NewestFirst, null, 50, CancellationToken.None);
            }
            catch (Npgsql.NpgsqlException)
            {
                failed++;
            }

            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        times.Sort();
        return new ReadTimes(times.Count, failed, times[times.Count * 99 / 100], times[^1]);
    }
}
