using Npgsql;

namespace Events.Chaos.Store;

/// <summary>Compares what callers were told and what a reader saw with what is in the database.</summary>
internal static class Verification
{
    private const string UnitsSql =
        """
        select (data ->> 'unitId')::uuid, count(*), max((data ->> 'count')::int)
        from mt_events
        where type = 'unit_marked'
        group by 1
        """;

    private const string BrokenStreamsSql =
        """
        select count(*)
        from (
          select tenant_id, stream_id, count(*) as events, min(version) as first, max(version) as last
          from mt_events
          group by tenant_id, stream_id) e
        full join mt_streams s on s.tenant_id = e.tenant_id and s.id = e.stream_id
        where e.first is distinct from 1 or e.last is distinct from e.events or s.version is distinct from e.last
        """;

    private const string PositionsSql =
        """
        select seq_id
        from mt_events
        order by seq_id
        """;

    public static async Task<ChaosReport> CompareAsync(NpgsqlDataSource dataSource, Dictionary<Guid, Told> told, IReadOnlyList<long> seen, long stale, long faults, CancellationToken ct)
    {
        var found = new Dictionary<Guid, (long Events, int Expected)>();
        await using (var units = dataSource.CreateCommand(UnitsSql))
        await using (var reader = await units.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
                found.Add(reader.GetGuid(0), (reader.GetInt64(1), reader.GetInt32(2)));
        }

        var lost = told.Count(unit => unit.Value == Told.Written && !found.ContainsKey(unit.Key))
            + found.Values.Count(unit => unit.Events < unit.Expected);
        var duplicated = found.Values.Count(unit => unit.Events > unit.Expected)
            + told.Count(unit => unit.Value == Told.NotWritten && found.ContainsKey(unit.Key))
            + found.Keys.Count(unit => !told.ContainsKey(unit));
        var outOfOrder = await BrokenStreamsAsync(dataSource, ct) + await MisreadAsync(dataSource, seen, ct);
        return new ChaosReport(told.Count(unit => unit.Value == Told.Written), lost, duplicated, outOfOrder, stale, faults);
    }

    private static async Task<long> BrokenStreamsAsync(NpgsqlDataSource dataSource, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(BrokenStreamsSql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Events that the reader saw out of turn, twice, or never.</summary>
    private static async Task<long> MisreadAsync(NpgsqlDataSource dataSource, IReadOnlyList<long> seen, CancellationToken ct)
    {
        var written = new List<long>();
        await using (var command = dataSource.CreateCommand(PositionsSql))
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
                written.Add(reader.GetInt64(0));
        }

        var wrong = seen.Zip(seen.Skip(1)).Count(pair => pair.Second <= pair.First);
        return wrong + written.Except(seen).Count() + seen.Except(written).Count();
    }
}
