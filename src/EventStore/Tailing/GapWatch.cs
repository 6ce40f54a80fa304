using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Tailing;

/// <summary>
/// Tells whether a hole in the positions can still be filled. Our own appends leave none but by a crash: they draw and commit
/// under one lock. A foreign writer draws in its own transaction, or even before it.
/// </summary>
/// <remarks>
/// A number of the hole was drawn before the higher one that we see, so before the hole was first seen. <c>nextval</c> takes a
/// row-exclusive lock on the sequence before it draws and keeps it until its transaction ends. So once every transaction that held
/// that lock when the hole was first seen has ended, and a look that begins afterwards finds the hole empty, nobody can fill it,
/// except a writer that drew in a transaction of its own and inserts in a later one: for it the hole is kept open for a grace time.
/// Transaction numbers of the lock table are never used twice, so a new transaction is not taken for an old one.
/// </remarks>
internal sealed class GapWatch(NpgsqlDataSource dataSource, EventStoreOptions options, TimeProvider time)
{
    private long first;
    private long last;
    private long seenAt;
    private string[] drawers = [];

    /// <summary>Whether the positions from <paramref name="from"/> to <paramref name="to"/> are dead; recorded for every process if so.</summary>
    public async Task<bool> IsDeadAsync(long from, long to, CancellationToken ct)
    {
        if (await IsSettledAsync(from, to, ct))
            return true;
        if (from != first || to != last)
        {
            drawers = await DrawersAsync(ct);
            (first, last, seenAt) = (from, to, time.GetTimestamp());
        }

        if (time.GetElapsedTime(seenAt) < options.GapGrace)
            return false;
        var alive = await DrawersAsync(ct);
        if (alive.Intersect(drawers, StringComparer.Ordinal).Any() || !await RecordAsync(from, to, ct))
            return false;
        Telemetry.DeadPositions.Add(to - from + 1);
        return true;
    }

    private const string SettledSql =
        """
        select exists (select from mt_high_water_skips where starting_sequence <= $1 and ending_sequence >= $2)
            or exists (select from mt_event_progression where name = 'HighWaterMark' and last_seq_id >= $2)
        """;

    /// <summary>Another process has decided: readers must agree.</summary>
    private async Task<bool> IsSettledAsync(long from, long to, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(SettledSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    private const string DrawersSql =
        """
        select coalesce(array_agg(distinct virtualtransaction), '{}')
        from pg_locks
        where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
          and relation = 'mt_events_sequence'::regclass
          and database = (select oid from pg_database where datname = current_database())
        """;

    private async Task<string[]> DrawersAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(DrawersSql);
        return (string[])(await command.ExecuteScalarAsync(ct))!;
    }

    // Its own statement, so its snapshot is younger than the end of every drawer.
    private const string RecordSql =
        """
        insert into mt_high_water_skips (ending_sequence, starting_sequence)
        select $2, $1
        where not exists (select from mt_events where seq_id between $1 and $2)
        on conflict (ending_sequence) do update set starting_sequence = least(mt_high_water_skips.starting_sequence, excluded.starting_sequence)
        returning ending_sequence
        """;

    private async Task<bool> RecordAsync(long from, long to, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(RecordSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
        return await command.ExecuteScalarAsync(ct) is not null;
    }
}
