using Events.EventStore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Commands.Access;

/// <summary>Keeps the directory true: folds what the tail tells, and compares with the store whatever the tail tells.</summary>
internal sealed partial class AccessFollower(AccessDirectory directory, EventTail tail, NpgsqlDataSource database, TimeProvider time, ILogger<AccessFollower> logger)
    : BackgroundService
{
    // Well below StateCache.Trusted, so that entries in use are seldom too old.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(KeepOnAsync(FollowAsync, stoppingToken), KeepOnAsync(VerifyAsync, stoppingToken));

    // From where the store is now: what happened before is in whatever is loaded from here on, and what was loaded
    // before is compared within an interval.
    private async Task FollowAsync(CancellationToken ct)
    {
        await foreach (var page in tail.SubscribeAsync(await LastPositionAsync(ct), ct))
        {
            foreach (var recorded in page.Events)
                directory.Apply(recorded);
        }
    }

    private async Task VerifyAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(ct))
            await directory.VerifyAsync(ct);
    }

    private const string LastPositionSql =
        """
        select coalesce(max(seq_id), 0)
        from mt_events
        """;

    private async Task<long> LastPositionAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(LastPositionSql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task KeepOnAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await work(ct);
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                LogFailed(error);
                await Task.Delay(Interval, time, ct);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The directory of permissions lost its source; requests check with the database until it is back.")]
    private partial void LogFailed(Exception error);
}
