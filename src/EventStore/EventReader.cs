using System.Runtime.CompilerServices;
using Events.EventStore.Reading;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore;

/// <summary>
/// Reads what is committed, page by page: a slow consumer holds neither a connection nor a snapshot, and memory is bounded by a
/// page. Archived events are read too, and marked.
/// </summary>
/// <remarks>
/// Whoever follows all events must use <see cref="EventTail"/>, which knows of holes that a foreign writer may still fill;
/// <see cref="ReadAllAsync"/> sees what is there now.
/// </remarks>
public sealed class EventReader(NpgsqlDataSource dataSource, EventTypes types, EventStoreOptions options)
{
    private readonly EventRow row = new(types);

    private const string StreamSql =
        """
        select seq_id, id, tenant_id, stream_id, version, type, data, timestamp, correlation_id, causation_id, headers, is_archived
        from mt_events
        where tenant_id = $1 and stream_id = $2 and version >= $3
        order by version
        limit $4
        """;

    /// <summary>A stream's events in order.</summary>
    /// <param name="fromVersion">The first version wanted; 1 is the beginning.</param>
    public async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(TenantId tenant, Guid streamId, long fromVersion, [EnumeratorCancellation] CancellationToken ct)
    {
        var page = new List<RecordedEvent>();
        do
        {
            page.Clear();
            await using (var command = dataSource.CreateCommand(StreamSql))
            {
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
                command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = streamId });
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = fromVersion });
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = options.PageEvents });
                await FillAsync(command, page, ct);
            }

            foreach (var recorded in page)
                yield return recorded;
            if (page.Count > 0)
                fromVersion = page[^1].Version + 1;
        }
        while (page.Count == options.PageEvents);
    }

    private const string VersionSql =
        """
        select version
        from mt_streams
        where tenant_id = $1 and id = $2
        """;

    /// <summary>0 when the stream does not exist.</summary>
    public async Task<long> ReadStreamVersionAsync(TenantId tenant, Guid streamId, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(VersionSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = streamId });
        return await command.ExecuteScalarAsync(ct) as long? ?? 0;
    }

    private const string AllSql =
        """
        select seq_id, id, tenant_id, stream_id, version, type, data, timestamp, correlation_id, causation_id, headers, is_archived
        from mt_events
        where seq_id > $1 and seq_id <= $2
          and ($3::varchar is null or tenant_id = $3)
          and ($4::varchar[] is null or type = any ($4))
          and ($5::timestamptz is null or timestamp <= $5)
          and ($6::uuid is null or stream_id = $6)
        order by seq_id
        limit $7
        """;

    // A stream's positions ascend with its versions: this walks the stream's index instead of everybody's events.
    private const string OneStreamSql =
        """
        select seq_id, id, tenant_id, stream_id, version, type, data, timestamp, correlation_id, causation_id, headers, is_archived
        from mt_events
        where tenant_id = $3::varchar and stream_id = $6::uuid
          and seq_id > $1 and seq_id <= $2
          and ($4::varchar[] is null or type = any ($4))
          and ($5::timestamptz is null or timestamp <= $5)
        order by version
        limit $7
        """;

    /// <summary>All events after a position, in order.</summary>
    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(long after, EventFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        var page = new List<RecordedEvent>();
        do
        {
            page.Clear();
            await ReadPageAsync(after, filter, page, ct);
            foreach (var recorded in page)
                yield return recorded;
            if (page.Count > 0)
                after = page[^1].Position;
        }
        while (page.Count == options.PageEvents);
    }

    private async Task ReadPageAsync(long after, EventFilter filter, List<RecordedEvent> page, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(filter is { Tenant: not null, StreamId: not null } ? OneStreamSql : AllSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = filter.UpTo ?? long.MaxValue });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.Tenant?.Value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.Types?.ToArray() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.At?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)filter.StreamId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = options.PageEvents });
        await FillAsync(command, page, ct);
    }

    private async Task FillAsync(NpgsqlCommand command, List<RecordedEvent> page, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            page.Add(row.Read(reader));
    }

    private const string AnswerSql =
        """
        select status, location, etag, body, request_hash, position
        from idempotency_keys
        where tenant_id = $1 and key = $2 and expires_at > now()
        """;

    /// <summary>The answer kept under a caller's idempotency key; null when none is, or it expired.</summary>
    public async Task<IdempotentAnswer?> FindIdempotentAnswerAsync(TenantId tenant, string key, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(AnswerSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct))
            return null;
        var answer = new StoredAnswer(
            reader.GetInt32(0),
            await reader.IsDBNullAsync(1, ct) ? null : reader.GetString(1),
            await reader.IsDBNullAsync(2, ct) ? null : reader.GetString(2),
            await reader.GetFieldValueAsync<byte[]>(3, ct));
        return new IdempotentAnswer(answer, await reader.GetFieldValueAsync<byte[]>(4, ct), reader.GetInt64(5));
    }
}
