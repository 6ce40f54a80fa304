using System.Runtime.CompilerServices;
using System.Text.Json;
using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Projections.TimeTravel;

/// <summary>
/// Events of many streams up to a moment. Which streams, the caller knows from a read model, as the role that sees one tenant; the
/// event store's own table is closed to that role, and its statement leads with the tenant.
/// </summary>
public sealed class PastEvents(NpgsqlDataSource dataSource, EventTypes types)
{
    private const string EventsSql =
        """
        select stream_id, version, seq_id, type, data, timestamp
        from mt_events
        where tenant_id = $1
          and stream_id = any ($2)
          and timestamp <= $3
        order by stream_id, version
        limit $4
        """;

    internal static IEnumerable<string> Statements => [EventsSql];

    /// <summary>Stream by stream; the order between streams says nothing.</summary>
    /// <exception cref="UnreadableEventException">An event that this build cannot read.</exception>
    internal async IAsyncEnumerable<RecordedEvent> ReadAsync(
        TenantId tenant, Guid[] streams, DateTimeOffset upTo, int limit, [EnumeratorCancellation] CancellationToken ct)
    {
        if (streams.Length == 0)
            yield break;
        await using var command = dataSource.CreateCommand(EventsSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = streams });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = upTo.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            yield return Read(reader, tenant);
    }

    private RecordedEvent Read(NpgsqlDataReader reader, TenantId tenant)
    {
        var type = reader.GetString(3);
        var data = reader.GetFieldValue<byte[]>(4);
        var recorded = new RecordedEvent(
            reader.GetInt64(2), Guid.Empty, tenant, reader.GetGuid(0), reader.GetInt64(1), type, data, reader.GetFieldValue<DateTimeOffset>(5), EventMetadata.None, false, Body(type, data));
        return recorded.Body is null or UnreadableEvent ? throw new UnreadableEventException(recorded) : recorded;
    }

    private object? Body(string type, byte[] data)
    {
        try
        {
            return types.TryRead(type, data, out var body) ? body : null;
        }
        catch (JsonException error)
        {
            return new UnreadableEvent(error.Message);
        }
    }
}
