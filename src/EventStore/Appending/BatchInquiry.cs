using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Appending;

/// <summary>Finds out which units of a batch were written after its connection was lost, and fences the batch off.</summary>
/// <remarks>
/// The lost batch may still be running, or not have begun: its bytes may sit in a socket or a pooler. The inquiry takes the
/// appenders' lock, so a batch that runs has ended first and all that it did is visible; and in the same transaction it leaves
/// the batch's id in <c>append_fences</c>, which <c>append</c> reads under the same lock, so a batch that comes later does nothing.
/// </remarks>
internal sealed class BatchInquiry(NpgsqlDataSource dataSource, EventStoreOptions options)
{
    /// <summary>Per unit its outcome, or null when it was not written, or left no trace because it was refused.</summary>
    /// <exception cref="NpgsqlException">The database could not be asked.</exception>
    public async Task<AppendOutcome?[]> FindAsync(Guid batch, IReadOnlyList<PendingUnit> units, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await FenceAsync(connection, batch, ct);
        var written = await EventsAsync(connection, units, ct);
        var keys = await KeysAsync(connection, units, ct);
        await transaction.CommitAsync(ct);

        var outcomes = new AppendOutcome?[units.Count];
        for (var i = 0; i < units.Count; i++)
            outcomes[i] = units[i].Encoded.Events.Length > 0 ? Outcome(units[i], written) : keys.GetValueOrDefault(i);
        return outcomes;
    }

    private const string FenceSql =
        """
        select fence_append($1)
        """;

    private async Task FenceAsync(NpgsqlConnection connection, Guid batch, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(FenceSql, connection)
        {
            CommandTimeout = options.CommandTimeout,
            Parameters = { new NpgsqlParameter<Guid> { TypedValue = batch } },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    // The ids were made for this unit, so an event with one of them is this unit's and no other's. Versions below the expected
    // one need no look.
    private const string EventsSql =
        """
        select e.id, e.seq_id, e.version, e.timestamp
        from unnest($1, $2, $3, $4) as u (tenant_id, stream_id, id, version)
        join mt_events e on e.tenant_id = u.tenant_id and e.stream_id = u.stream_id and e.version > u.version and e.id = u.id
        """;

    private static async Task<Dictionary<Guid, Written>> EventsAsync(NpgsqlConnection connection, IReadOnlyList<PendingUnit> units, CancellationToken ct)
    {
        List<string> tenants = [];
        List<Guid> streams = [];
        List<Guid> ids = [];
        List<long> versions = [];
        foreach (var pending in units)
        {
            var next = 0;
            foreach (var stream in pending.Unit.Streams)
            {
                foreach (var _ in stream.Events)
                {
                    tenants.Add(pending.Unit.Tenant.Value);
                    streams.Add(stream.StreamId);
                    ids.Add(pending.Encoded.Events[next++].Id);
                    versions.Add(Math.Max(stream.Expected.Value, 0));
                }
            }
        }

        await using var command = new NpgsqlCommand(EventsSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<List<string>> { TypedValue = tenants, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new NpgsqlParameter<List<Guid>> { TypedValue = streams },
                new NpgsqlParameter<List<Guid>> { TypedValue = ids },
                new NpgsqlParameter<List<long>> { TypedValue = versions },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var written = new Dictionary<Guid, Written>();
        while (await reader.ReadAsync(ct))
            written[reader.GetGuid(0)] = new Written(reader.GetInt64(1), reader.GetInt64(2), reader.GetFieldValue<DateTime>(3));
        return written;
    }

    private const string KeysSql =
        """
        select k.unit
        from unnest($1, $2, $3) as k (unit, tenant_id, key)
        join idempotency_keys i on i.tenant_id = k.tenant_id and i.key = k.key
        """;

    /// <summary>Units without events whose key is the appender's own: such a record was written by this unit only.</summary>
    private static async Task<Dictionary<int, AppendOutcome>> KeysAsync(NpgsqlConnection connection, IReadOnlyList<PendingUnit> units, CancellationToken ct)
    {
        var found = new Dictionary<int, AppendOutcome>();
        var own = Enumerable.Range(0, units.Count).Where(i => units[i].Unit.Idempotency is null && units[i].Key is not null).ToList();
        if (own.Count == 0)
            return found;
        await using var command = new NpgsqlCommand(KeysSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<List<int>> { TypedValue = own },
                new NpgsqlParameter<List<string>> { TypedValue = [.. own.Select(i => units[i].Unit.Tenant.Value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new NpgsqlParameter<List<string>> { TypedValue = [.. own.Select(i => units[i].Key!.Key)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found[reader.GetInt32(0)] = new AppendOutcome.Appended(0, [], default);
        return found;
    }

    private static AppendOutcome.Appended? Outcome(PendingUnit pending, Dictionary<Guid, Written> written)
    {
        var events = pending.Encoded.Events;
        if (!written.TryGetValue(events[^1].Id, out var last))
            return null;
        var versions = new long[pending.Unit.Streams.Count];
        var next = -1;
        for (var i = 0; i < versions.Length; i++)
        {
            var stream = pending.Unit.Streams[i];
            next += stream.Events.Count;
            versions[i] = stream.Events.Count == 0 ? stream.Expected.Value : written[events[next].Id].Version;
        }

        return new AppendOutcome.Appended(last.Position, versions, new DateTimeOffset(last.Timestamp, TimeSpan.Zero));
    }

    private readonly record struct Written(long Position, long Version, DateTime Timestamp);
}
