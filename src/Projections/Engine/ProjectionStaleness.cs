using Npgsql;

namespace Events.Projections.Engine;

/// <param name="Behind">The age of the oldest event that the projection has not seen; zero when it has seen all.</param>
public readonly record struct Staleness(string Projection, TimeSpan Behind);

/// <summary>How old what the read models do not show yet has become; for readiness.</summary>
public sealed class ProjectionStaleness(NpgsqlDataSource dataSource)
{
    private const string BehindSql =
        """
        select h.projection, coalesce(now() - (select e.timestamp from mt_events e where e.seq_id > p.last_seq_id order by e.seq_id limit 1), interval '0')
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        order by h.projection
        """;

    /// <summary>The projections that some process has fed in this database.</summary>
    public async Task<IReadOnlyList<Staleness>> ReadAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(BehindSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var all = new List<Staleness>();
        while (await reader.ReadAsync(ct))
            all.Add(new Staleness(reader.GetString(0), reader.GetTimeSpan(1)));
        return all;
    }
}
