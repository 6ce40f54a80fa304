using Npgsql;

namespace Events.EventStore.Tailing;

/// <summary>The row <c>HighWaterMark</c> of <c>mt_event_progression</c>: the highest position known to be complete, for every process and for Marten.</summary>
internal sealed class HighWaterMark(NpgsqlDataSource dataSource, TimeProvider time)
{
    private static readonly TimeSpan Throttle = TimeSpan.FromSeconds(1);

    private long written;
    private long writtenAt;

    private const string ReadSql =
        """
        select last_seq_id
        from mt_event_progression
        where name = 'HighWaterMark'
        """;

    public async Task<long> ReadAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ReadSql);
        written = await command.ExecuteScalarAsync(ct) as long? ?? 0;
        return written;
    }

    /// <summary>At most once a second; it never goes back, however many processes write it.</summary>
    public async Task WriteAsync(long position, bool now, CancellationToken ct)
    {
        if (position <= written || (!now && writtenAt != 0 && time.GetElapsedTime(writtenAt) < Throttle))
            return;
        await StoreAsync(position, ct);
        written = position;
        writtenAt = time.GetTimestamp();
    }

    private const string StoreSql =
        """
        insert into mt_event_progression (name, last_seq_id, last_updated)
        values ('HighWaterMark', $1, transaction_timestamp())
        on conflict (name) do update
        set last_seq_id = excluded.last_seq_id, last_updated = excluded.last_updated
        where mt_event_progression.last_seq_id < excluded.last_seq_id
        """;

    private async Task StoreAsync(long position, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(StoreSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
        await command.ExecuteNonQueryAsync(ct);
    }
}
