using Events.EventStore.Reading;
using Npgsql;

namespace Events.EventStore.Tailing;

/// <summary>Reads a page of all events, of all tenants.</summary>
internal sealed class PageReader(NpgsqlDataSource dataSource, EventTypes types)
{
    private readonly EventRow row = new(types);

    private const string PageSql =
        """
        select seq_id, id, tenant_id, stream_id, version, type, data, timestamp, correlation_id, causation_id, headers, is_archived
        from mt_events
        where seq_id > $1 and seq_id <= $2
        order by seq_id
        limit $3
        """;

    public async Task<List<RecordedEvent>> ReadAsync(long after, long upTo, int limit, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(PageSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var page = new List<RecordedEvent>();
        while (await reader.ReadAsync(ct))
            page.Add(row.Read(reader));
        return page;
    }
}
