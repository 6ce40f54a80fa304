using Events.Http.Hosting;
using Events.Messaging.Scheduling;

namespace Events.Http.Operations;

/// <summary><c>events schedules …</c>: looks at what runs by the clock, on the database that <see cref="ServiceDatabase"/> finds.</summary>
internal static class SchedulesCommand
{
    private const int MostRuns = 50;
    private const int MostSchedules = 1000;

    private const string Usage =
        """
        events schedules list          what runs when
        events schedules runs NAME     its last 50 runs, newest first, and how each went
        events schedules run NAME      now, beside its ordinary times
        """;

    /// <returns>0 done; 1 it cannot be done.</returns>
    public static async Task<int> RunAsync(string[] args, CancellationToken ct)
    {
        if (args is not (["list"] or ["runs" or "run", _]))
        {
            Console.WriteLine(Usage);
            return args.Length == 0 ? 0 : 1;
        }

        await using var app = EventsApplication.Build([], ServiceDatabase.Use);
        var schedules = app.Services.GetRequiredService<ScheduleStore>();
        return args switch
        {
            ["runs", var name] => await schedules.ExistsAsync(name, ct) ? ShowRuns(name, await schedules.RunsAsync(name, null, MostRuns, ct)) : ShowUnknown(name),
            ["run", var name] => ShowStarted(name, await app.Services.GetRequiredService<ScheduleRunner>().RunNowAsync(name, ct)),
            _ => ShowAll(await schedules.ListAsync("", MostSchedules, ct)),
        };
    }

    private static int ShowAll(IReadOnlyList<ScheduleStatus> schedules)
    {
        if (schedules.Count == 0)
            Console.WriteLine("Nothing runs by the clock: a process of the role jobs stores the schedules when it starts.");
        foreach (var one in schedules)
            Console.WriteLine($"{one.Name,-28}{one.Cron,-18}{one.TimeZone,-18}next {one.NextRunAt:u}  last {(one.LastRunAt is { } last ? $"{last:u}" : "never")}{(one.Paused ? "  paused" : "")}");
        return 0;
    }

    private static int ShowRuns(string name, IReadOnlyList<ScheduleRun> runs)
    {
        if (runs.Count == 0)
            Console.WriteLine($"{name} has not run yet.");
        foreach (var run in runs)
            Console.WriteLine($"{run.DueAt:u}  {run.Cause,-7}{run.Status ?? "gone",-11}{run.Attempts ?? 0} {(run.Attempts == 1 ? "attempt " : "attempts")}  {(run.FinishedAt is { } end ? $"ended {end:u}" : "not ended")}  {run.JobId}  {run.ErrorMessage}");
        return 0;
    }

    private static int ShowStarted(string name, Guid? job)
    {
        if (job is null)
            return ShowUnknown(name);
        Console.WriteLine($"{name} runs as job {job}");
        return 0;
    }

    private static int ShowUnknown(string name)
    {
        Console.WriteLine($"There is no schedule {name}: list shows them.");
        return 1;
    }
}
