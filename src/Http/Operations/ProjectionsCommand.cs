using System.Globalization;
using Events.Http.Hosting;
using Events.Platform.Startup;
using Events.Platform.Tenancy;
using Events.Projections.Rebuild;

namespace Events.Http.Operations;

/// <summary><c>events projections …</c>, on the database that <see cref="ServiceDatabase"/> finds.</summary>
internal static class ProjectionsCommand
{
    private const string Usage =
        """
        events projections status
        events projections rebuild NAME|all           builds beside the live tables, compares, switches
        events projections verify [NAME|all] [--rows]  proves that no event is missing or altered; --rows also compares every row with a rebuild
        events projections rollback NAME              back to the tables before the last switch
        events projections pause|resume NAME|all
        events projections release NAME WORKSPACE STREAM
        events projections skip NAME WORKSPACE STREAM REASON
        """;

    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(250);

    /// <returns>0 done; 1 it cannot be done; 2 verification found a difference.</returns>
    public static async Task<int> RunAsync(string[] args, CancellationToken ct)
    {
        if (args is ["verify"] or ["verify", "--rows"])
            args = ["verify", "all", .. args[1..]];
        if (args is not [var verb, ..] || (verb != "status" && args.Length < 2))
        {
            Console.WriteLine(Usage);
            return args.Length == 0 ? 0 : 1;
        }

        await using var app = EventsApplication.Build([], ServiceDatabase.Use);
        var operations = app.Services.GetRequiredService<ProjectionOperations>();
        var names = verb == "status" ? [] : operations.Resolve(args[1]);
        if (verb != "status" && names.Count == 0)
            throw new CannotStartException($"There is no projection {args[1]}: one of {string.Join(", ", operations.Names)}, or all.");

        var actor = $"{Environment.UserName}@{Environment.MachineName}";
        switch (verb, args.Length)
        {
            case ("status", _):
                return await StatusAsync(operations, ct);
            case ("rebuild", 2):
                return await EachAsync(names, name => BuildAsync(operations, name, () => operations.RebuildAsync(name, actor, ct), ct));
            case ("verify", 2):
            case ("verify", 3) when args[2] == "--rows":
                var complete = await VerifyAsync(operations, names, ct);
                return args.Length == 3 ? Math.Max(complete, await EachAsync(names, name => BuildAsync(operations, name, () => operations.CompareAsync(name, actor, ct), ct))) : complete;
            case ("rollback", 2):
                return await EachAsync(names, async name => Say(await operations.RollBackAsync(name, ct), $"{name} serves the earlier tables again", $"{name} has no earlier tables, or a rebuild of it is under way"));
            case ("pause", 2):
                return await EachAsync(names, async name => Say(await operations.PauseAsync(name, actor, ct), $"{name} is paused", $"{name} was paused already"));
            case ("resume", 2):
                return await EachAsync(names, async name => Say(await operations.ResumeAsync(name, ct), $"{name} goes on", $"{name} was not paused"));
            case ("release", 4) when Guid.TryParse(args[3], out var stream):
                return Say(await operations.ReleaseAsync(names[0], new TenantId(args[2]), stream, ct));
            case ("skip", 5) when Guid.TryParse(args[3], out var stream):
                return Say(await operations.SkipAsync(names[0], new TenantId(args[2]), stream, args[4], actor, ct));
            default:
                Console.WriteLine(Usage);
                return 1;
        }
    }

    private static async Task<int> EachAsync(IReadOnlyList<string> names, Func<string, Task<int>> run)
    {
        var worst = 0;
        foreach (var name in names)
            worst = Math.Max(worst, await run(name));
        return worst;
    }

    private static async Task<int> StatusAsync(ProjectionOperations operations, CancellationToken ct)
    {
        Console.WriteLine($"{"projection",-14}{"version",8}{"position",12}{"lag",8}  {"state",-22}owner");
        foreach (var one in await operations.StatusAsync(ct))
        {
            var state = one.Build is { IsActive: true } build ? $"rebuilding, {Percent(build):0} %" : one.PausedAt is not null ? "paused" : one.RolledBack ? "rolled back" : "live";
            Console.WriteLine($"{one.Projection,-14}{one.Version,8}{one.Position,12:#,##0}{one.Lag,8:#,##0}  {state,-22}{one.Owner ?? "nobody"}");
            foreach (var stream in one.Parked)
                Console.WriteLine($"  parked: workspace {stream.Tenant} stream {stream.StreamId} waits with {stream.Waiting} events behind its {stream.EventType} (version {stream.Version}): {stream.Error}");
            if (one.Build is { RowsDifferent: > 0 } differing)
                Console.WriteLine($"  the last rebuild found {differing.RowsDifferent:#,##0} of {differing.RowsCompared:#,##0} rows different: {differing.Differences}");
        }

        return 0;
    }

    private static async Task<int> BuildAsync(ProjectionOperations operations, string name, Func<Task<ProjectionBuild?>> run, CancellationToken ct)
    {
        var running = run();
        using var timer = new PeriodicTimer(Refresh);
        while (!running.IsCompleted && await timer.WaitForNextTickAsync(ct))
            ShowProgress(name, (await operations.StatusAsync(ct)).FirstOrDefault(s => s.Projection == name)?.Build);
        if (await running is not { } build)
        {
            Console.WriteLine($"{name}: a rebuild is under way; status shows it.");
            return 1;
        }

        ShowProgress(name, build);
        var compared = build.RowsDifferent switch
        {
            null => "not compared: the version changed or the live tables were behind",
            0 => $"{build.RowsCompared:#,##0} rows equal",
            _ => $"{build.RowsDifferent:#,##0} of {build.RowsCompared:#,##0} rows differed: {build.Differences}",
        };
        Console.WriteLine($"\n{name}: {build.State}, {compared}");
        return build.RowsDifferent > 0 && !build.Switches ? 2 : 0;
    }

    private static void ShowProgress(string name, ProjectionBuild? build)
    {
        if (build is null)
            return;
        const int Width = 30;
        var filled = (int)(Percent(build) / 100 * Width);
        var now = DateTimeOffset.UtcNow;
        var left = build.Remaining(now) is { } remaining ? $", {remaining.TotalSeconds:0} s left" : "";
        var line = string.Create(CultureInfo.InvariantCulture, $"{name} [{new string('#', filled)}{new string('.', Width - filled)}] {build.State}, {build.Rate(now):#,##0} events/s{left}");
        if (Console.IsOutputRedirected)
            Console.WriteLine(line);
        else
            Console.Write($"\r{line}   ");
    }

    private static double Percent(ProjectionBuild build) => build.EventsTotal == 0 || build.State is BuildStates.Switched or BuildStates.Verified ? 100 : Math.Min(100, 100.0 * build.EventsDone / build.EventsTotal);

    private static async Task<int> VerifyAsync(ProjectionOperations operations, IReadOnlyList<string> names, CancellationToken ct)
    {
        var result = 0;
        var (projections, altered) = await operations.VerifyWithStoreAsync([.. names], ct);
        foreach (var difference in altered)
            Console.WriteLine($"store: workspace {difference.Tenant}: the events after position {difference.After:#,##0}, up to {difference.UpTo:#,##0}, are NOT AS RECORDED");
        if (altered.Count > 0)
            result = 2;
        foreach (var found in projections)
        {
            Console.WriteLine($"{found.Projection}: {(found.IsComplete ? "complete" : "NOT COMPLETE")}, {found.Events:#,##0} events of {found.TenantsChecked:#,##0} workspaces up to position {found.Position:#,##0}");
            foreach (var tenant in found.Incomplete)
                Console.WriteLine($"  workspace {tenant.Tenant}: {tenant.Folded} folded, {tenant.Waiting} waiting, {tenant.Skipped} skipped, {tenant.Stored} stored, {tenant.Recorded} recorded");
            if (!found.IsComplete)
                result = 2;
        }

        return result;
    }

    private static int Say(bool changed, string done, string not)
    {
        Console.WriteLine(changed ? done : not);
        return changed ? 0 : 1;
    }

    private static int Say(ReleaseOutcome outcome)
    {
        Console.WriteLine(outcome switch
        {
            { Found: false } => "That stream is not parked.",
            { Released: true } => $"Released: {outcome.Folded} events folded.",
            _ => $"Still parked after {outcome.Folded} events: {outcome.Error}",
        });
        return outcome.Released ? 0 : 1;
    }
}
