using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.EventStore.Appending;

/// <summary>Takes away expired idempotency records and old fences, a bounded number at a time. Any number of processes may do it at once.</summary>
internal sealed partial class IdempotencyPurge(NpgsqlDataSource dataSource, EventStoreOptions options, TimeProvider time, ILogger<IdempotencyPurge> logger)
    : BackgroundService
{
    private const int AtOnce = 2_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var pace = new PeriodicTimer(options.PurgePause, time);
        while (await NextAsync(pace, stoppingToken))
        {
            try
            {
                while (await RunOnceAsync(stoppingToken) == AtOnce)
                {
                    // There are more.
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error);
            }
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer pace, CancellationToken ct)
    {
        try
        {
            return await pace.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // A record that an append is renewing is locked, and left alone. A fence is needed as long as bytes may sit in a socket.
    private const string PurgeSql =
        """
        with expired as (
          select tenant_id, key
          from idempotency_keys
          where expires_at < now()
          order by expires_at
          limit $1
          for update skip locked),
        purged as (
          delete from idempotency_keys i
          using expired e
          where i.tenant_id = e.tenant_id and i.key = e.key
          returning 1),
        fences as (
          delete from append_fences
          where fenced_at < now() - interval '1 day')
        select count(*) from purged
        """;

    /// <summary>How many records went.</summary>
    public async Task<long> RunOnceAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(PurgeSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = AtOnce });
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Expired idempotency records could not be taken away")]
    private partial void LogFailed(Exception error);
}
