using System.Diagnostics;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>Holds a rebuild's breath while a live projection falls behind.</summary>
internal sealed class RebuildThrottle(NpgsqlDataSource dataSource, ProjectionOptions options, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    // The oldest event that a fed projection has not folded yet: how long it has been waiting. One look at the newest events' index.
    // What is so far behind ($1) that it is left to a rebuild is not fed, and would wait for itself.
    private const string LagSql =
        """
        select coalesce(max(clock_timestamp() - e.timestamp), '0')
        from (select min(p.last_seq_id) as behind
              from projection_heads h
              join mt_event_progression p on p.name = h.shard
              where h.paused_at is null and h.owner is not null and h.lease_until > now()
                and p.last_seq_id >= (select coalesce(max(n.seq_id), 0) from mt_events n) - $1) l
        cross join lateral (select m.timestamp from mt_events m where m.seq_id > l.behind order by m.seq_id limit 1) e
        """;

    public TimeSpan Throttled { get; private set; }

    /// <summary>Returns when the live projections are near enough, or after half a minute: a projection that does not come nearer is not helped by waiting.</summary>
    public async Task PassAsync(CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        while (await LagAsync(ct) > options.RebuildLag && Stopwatch.GetElapsedTime(began) < AtMost)
            await Task.Delay(Pause, time, ct);
        Throttled += Stopwatch.GetElapsedTime(began) is var waited && waited > Pause ? waited : TimeSpan.Zero;
    }

    private async Task<TimeSpan> LagAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(LagSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = options.CatchUpEvents });
        return (TimeSpan)(await command.ExecuteScalarAsync(ct))!;
    }
}
