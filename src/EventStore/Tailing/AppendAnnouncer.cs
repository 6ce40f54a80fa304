using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.EventStore.Tailing;

/// <summary>
/// Tells other processes that this one has appended. Behind the append and not in it: NOTIFY holds one lock for the whole server
/// from before the log is flushed until its transaction has ended, and everybody else who notifies would wait for that flush.
/// </summary>
/// <remarks>What is told was committed before. What is lost with this process, the others' polling finds.</remarks>
internal sealed partial class AppendAnnouncer(NpgsqlDataSource dataSource, AppendSignal signal, TimeProvider time, ILogger<AppendAnnouncer> logger) : BackgroundService
{
    /// <summary>The first append after a rest is told at once; under load one message tells of this much time.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var appended = signal.NextOwn;
        try
        {
            while (true)
            {
                await appended.WaitAsync(stoppingToken);
                appended = signal.NextOwn;
                await AnnounceAsync(stoppingToken);
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops, and the appender with it.
        }
    }

    // Nothing is written that would have to survive: no reason to wait for the disk.
    private const string AnnounceSql =
        """
        select set_config('synchronous_commit', 'off', true), pg_notify('events_appended', '')
        """;

    private async Task AnnounceAsync(CancellationToken ct)
    {
        try
        {
            await using var command = dataSource.CreateCommand(AnnounceSql);
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (NpgsqlException error)
        {
            LogUntold(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other processes were not told of appends; they find them by polling")]
    private partial void LogUntold(Exception error);
}
