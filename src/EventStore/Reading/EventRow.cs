using System.Collections.Concurrent;
using System.Text.Json;
using Events.EventStore.Appending;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.EventStore.Reading;

/// <summary>Turns a row of <c>mt_events</c>, whoever wrote it, into a <see cref="RecordedEvent"/>.</summary>
internal sealed class EventRow(EventTypes types)
{
    private const int MostNames = 4096;

    // A page has few distinct aliases and tenants: one string of each is enough.
    private readonly ConcurrentDictionary<string, TenantId> tenants = new(StringComparer.Ordinal);

    /// <summary>Columns: seq_id, id, tenant_id, stream_id, version, type, data, timestamp, correlation_id, causation_id, headers, is_archived.</summary>
    public RecordedEvent Read(NpgsqlDataReader reader)
    {
        var alias = reader.GetString(5);
        var data = reader.GetFieldValue<byte[]>(6);
        return new RecordedEvent(
            reader.GetInt64(0),
            reader.GetGuid(1),
            Tenant(reader.GetString(2)),
            reader.GetGuid(3),
            reader.GetInt64(4),
            alias,
            data,
            new DateTimeOffset(reader.GetDateTime(7), TimeSpan.Zero),
            Metadata(reader),
            !reader.IsDBNull(11) && reader.GetBoolean(11),
            Body(alias, data));
    }

    private object? Body(string alias, byte[] data)
    {
        try
        {
            return types.TryRead(alias, data, out var body) ? body : null;
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return new UnreadableEvent(error.Message);
        }
    }

    private static EventMetadata Metadata(NpgsqlDataReader reader)
    {
        var correlation = reader.IsDBNull(8) ? null : reader.GetString(8);
        var causation = reader.IsDBNull(9) ? null : reader.GetString(9);
        if (!reader.IsDBNull(10))
            return HeaderJson.Decode(reader.GetFieldValue<byte[]>(10), correlation, causation);
        return correlation is null && causation is null ? EventMetadata.None : new EventMetadata(null, correlation, causation, null);
    }

    private TenantId Tenant(string value)
    {
        if (tenants.TryGetValue(value, out var known))
            return known;
        var tenant = new TenantId(value);
        if (tenants.Count < MostNames)
            tenants.TryAdd(value, tenant);
        return tenant;
    }
}
