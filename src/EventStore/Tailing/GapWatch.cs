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
/// that lock at some moment after the hole was there has ended, and a look that begins afterwards finds the hole empty, nobody can
/// fill it, except a writer that drew in a transaction of its own and inserts in a later one: for it the hole is kept open for a
/// grace time. Transaction numbers of the lock table are never used twice while a server runs, and its end ends them all.
/// While the reader stands at one hole, samples of the last position and of those who hold the lock tell the age of every hole
/// that comes up behind it: many crashes in a row cost one grace time, not one each.
/// </remarks>
internal sealed class GapWatch(NpgsqlDataSource dataSource, EventStoreOptions options, TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);

    // By age. Of those that are older than the grace time only the youngest is kept.
    private readonly Queue<Sample> samples = new();
    private Sample? latest;

    /// <param name="Last">The last position that could be seen, before a look at who held the lock.</param>
    private sealed record Sample(long At, long Last, string[] Drawers);

    /// <summary>Whether the positions from <paramref name="from"/> to <paramref name="to"/> are dead; recorded for every process if so.</summary>
    public async Task<bool> IsDeadAsync(long from, long to, CancellationToken ct)
    {
        if (await IsSettledAsync(from, to, ct))
            return true;
        if (latest is null || latest.Last <= to || time.GetElapsedTime(latest.At) >= Between)
            await TakeSampleAsync(ct);
        // The oldest that knows the hole.
        var witness = samples.FirstOrDefault(sample => sample.Last > to);
        if (witness is null || time.GetElapsedTime(witness.At) < options.GapGrace)
            return false;
        var alive = await DrawersAsync(ct);
        if (alive.Intersect(witness.Drawers, StringComparer.Ordinal).Any() || !await RecordAsync(from, to, ct))
            return false;
        Telemetry.DeadPositions.Add(to - from + 1);
        return true;
    }

    private async Task TakeSampleAsync(CancellationToken ct)
    {
        var last = await LastAsync(ct);
        var drawers = await DrawersAsync(ct);
        latest = new Sample(time.GetTimestamp(), last, drawers);
        samples.Enqueue(latest);
        while (samples.Count > 1 && time.GetElapsedTime(samples.ElementAt(1).At) >= options.GapGrace)
            samples.Dequeue();
    }

    private const string LastSql =
        """
        select coalesce(max(seq_id), 0)
        from mt_events
        """;

    private async Task<long> LastAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(LastSql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
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
