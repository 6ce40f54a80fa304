using System.Security.Cryptography;
using Npgsql;

namespace Events.Chaos.Store;

/// <summary>
/// Appends as Marten does: without the appenders' lock, drawing its position in its own transaction, which stays open for a moment and
/// sometimes rolls back, so that positions become visible out of order and some never are.
/// </summary>
internal static class ForeignWriter
{
    private const string DrawSql =
        """
        select nextval('mt_events_sequence')
        """;

    private const string InsertSql =
        """
        with stream as (
          insert into mt_streams (tenant_id, id, type, version) values ('foreign', $1, null, 1))
        insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
        values ($2, gen_random_uuid(), $1, 1, '{"foreign": true}', 'foreign_event', now(), 'foreign')
        """;

    public static async Task RunAsync(NpgsqlDataSource dataSource, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await AppendAsync(dataSource, ct);
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException or IOException)
            {
                // The faults hit it as they hit everybody; what it leaves is a gap.
            }
        }
    }

    private static async Task AppendAsync(NpgsqlDataSource dataSource, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var draw = new NpgsqlCommand(DrawSql, connection);
        var position = (long)(await draw.ExecuteScalarAsync(ct))!;
        await using (var pause = new NpgsqlCommand("select pg_sleep($1)", connection))
        {
            pause.Parameters.AddWithValue(RandomNumberGenerator.GetInt32(150) / 1000.0);
            await pause.ExecuteNonQueryAsync(ct);
        }

        if (RandomNumberGenerator.GetInt32(10) == 0)
            return;
        await using var insert = new NpgsqlCommand(InsertSql, connection) { Parameters = { new() { Value = Guid.CreateVersion7() }, new() { Value = position } } };
        await insert.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    }
}
