using Events.Platform.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.EventStore.Tailing;

/// <summary>
/// Hears of other processes' appends by NOTIFY, on the one direct session. It only wakes: what it misses while it reconnects, polling finds.
/// </summary>
internal sealed partial class AppendListener(DirectDataSource direct, AppendSignal signal, TimeProvider time, ILogger<AppendListener> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private const string ListenSql =
        """
        listen events_appended
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogLost(error);
                await Task.WhenAny(Task.Delay(Pause, time, stoppingToken));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await direct.DataSource.OpenConnectionAsync(ct);
        connection.Notification += (_, _) => signal.Raise();
        await using (var command = new NpgsqlCommand(ListenSql, connection))
            await command.ExecuteNonQueryAsync(ct);
        signal.Raise();
        while (true)
            await connection.WaitAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The wake-up session was lost; polling goes on")]
    private partial void LogLost(Exception error);
}
