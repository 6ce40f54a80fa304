using Events.Messaging.Handlers;
using Events.Messaging.Telemetry;
using Npgsql;

namespace Events.Messaging.Upkeep;

/// <summary>Depth and oldest age of each queue, asked by the leading node now and then; what it does not lead it does not report.</summary>
public sealed class QueueDepth(NpgsqlDataSource database, MessageTypes types, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(15);

    private long asked;

    // Bounded: counting a backlog of millions would cost more than it tells.
    private const string Sql =
        """
        select count(*), coalesce(extract(epoch from now() - min(enqueued_at)), 0)::double precision
        from (select enqueued_at from ready_messages where queue = $1 limit 10000) ready
        """;

    internal async Task MeasureAsync(CancellationToken ct)
    {
        if (!MessagingTelemetry.Depth.Enabled || (asked != 0 && time.GetElapsedTime(asked) < Every))
            return;
        asked = time.GetTimestamp();
        foreach (var queue in types.Queues.Keys)
        {
            await using var command = database.CreateCommand(Sql);
            command.Parameters.Add(new() { Value = queue });
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            MessagingTelemetry.Depth.Record(reader.GetInt64(0), new KeyValuePair<string, object?>("queue", queue));
            MessagingTelemetry.OldestAge.Record(reader.GetDouble(1), new KeyValuePair<string, object?>("queue", queue));
        }
    }
}
