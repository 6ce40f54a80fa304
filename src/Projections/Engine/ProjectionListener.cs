using Events.Platform.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Projections.Engine;

/// <summary>Hears how far the projections are that other processes feed.</summary>
internal sealed partial class ProjectionListener(DirectDataSource direct, ProjectionPositions positions, TimeProvider time, ILogger<ProjectionListener> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private const string ListenSql =
        """
        listen events_projected
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
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        connection.Notification += (_, e) => Hear(e.Payload);
        await using (var command = new NpgsqlCommand(ListenSql, connection))
            await command.ExecuteNonQueryAsync(ct);
        // What was said before the session listened.
        await positions.RefreshAsync(ct);
        positions.IsListening = true;
        try
        {
            while (true)
                await connection.WaitAsync(ct);
        }
        finally
        {
            positions.IsListening = false;
        }
    }

    private void Hear(string payload)
    {
        if (!ProjectedMessage.TryParse(payload, out var message))
            return;
        foreach (var projection in message.Projections)
        {
            if (message.IsReset)
                positions.Reset(projection, message.Position);
            else
                positions.Advance(projection, message.Position);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The session that hears of projections was lost; listening again")]
    private partial void LogLost(Exception error);
}
