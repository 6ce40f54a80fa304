using Events.EventStore;
using Events.Projections.Engine;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Events.Projections.Rebuild;

/// <summary>
/// Goes on with rebuilds whose process died, begins those that a new version of a projection asks for, and checks from time to time
/// that the read models are complete.
/// </summary>
internal sealed partial class RebuildSupervisor(
    ProjectionOperations operations, EventTail tail, ProjectionOptions options, TimeProvider time, ILogger<RebuildSupervisor> logger) : BackgroundService
{
    private readonly Guid owner = Guid.CreateVersion7();
    private long verifiedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Lease, time);
        try
        {
            do
            {
                try
                {
                    await RunOnceAsync(stoppingToken);
                }
                catch (Exception error) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFailed(error);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The host stops; a build that was under way is gone on with by the next process.
        }
    }

    public async Task RunOnceAsync(CancellationToken ct)
    {
        foreach (var status in await operations.StatusAsync(ct))
        {
            if (status.Build is { IsActive: true })
                await operations.ResumeBuildAsync(status.Projection, owner, ct);
            else if (NeedsRebuild(status))
                await RebuildAsync(status, ct);
        }

        if (await operations.TakeVerificationsAsync(ct) is { Count: > 0 } asked)
        {
            var (projections, altered) = await operations.VerifyWithStoreAsync(asked, ct);
            foreach (var found in projections)
                Report(found);
            ProjectionTelemetry.Verified(altered.Count);
            foreach (var difference in altered)
                LogAltered(difference.Tenant.Value, difference.After, difference.UpTo);
        }

        if (verifiedAt == 0 || time.GetElapsedTime(verifiedAt) > options.VerifyEvery)
        {
            verifiedAt = time.GetTimestamp();
            foreach (var found in await operations.VerifyAsync(operations.Names, ct))
                Report(found);
        }
    }

    private bool NeedsRebuild(ProjectionStatus status) =>
        !status.RolledBack
        && status.PausedAt is null
        && status.Build is not { State: BuildStates.Failed }
        && (status.Version < status.CodeVersion || tail.HighWater - status.Position > options.CatchUpEvents);

    private async Task RebuildAsync(ProjectionStatus status, CancellationToken ct)
    {
        LogBehind(status.Projection, status.Version, status.CodeVersion, status.Position);
        await operations.RebuildAsync(status.Projection, "the service itself", ct);
    }

    private void Report(ProjectionCompleteness found)
    {
        ProjectionTelemetry.Verified(found.Projection, found.Incomplete.Count);
        foreach (var tenant in found.Incomplete)
            LogIncomplete(found.Projection, tenant.Tenant, tenant.Folded, tenant.Stored, tenant.Recorded, tenant.Waiting, tenant.Skipped);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Projection} is at version {Version} and position {Position}, wanted is version {CodeVersion}: rebuilding beside it")]
    private partial void LogBehind(string projection, int version, int codeVersion, long position);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Projection} is not complete for tenant {Tenant}: {Folded} events folded, {Stored} stored, {Recorded} recorded, {Waiting} waiting, {Skipped} skipped")]
    private partial void LogIncomplete(string projection, string tenant, long folded, long stored, long recorded, long waiting, long skipped);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The events of tenant {Tenant} after position {After}, up to {UpTo}, are not as they were recorded")]
    private partial void LogAltered(string tenant, long after, long upTo);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking after rebuilds failed; trying again")]
    private partial void LogFailed(Exception error);
}
