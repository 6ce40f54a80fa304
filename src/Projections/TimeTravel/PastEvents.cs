using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Projections.TimeTravel;

/// <summary>Reads events stream by stream, where their order between streams does not matter.</summary>
internal static class PastEvents
{
    /// <summary>Columns: stream_id, version, seq_id, type, data, timestamp.</summary>
    /// <exception cref="InvalidOperationException">An event that this build cannot read.</exception>
    public static RecordedEvent Read(NpgsqlDataReader reader, TenantId tenant, EventTypes types)
    {
        var type = reader.GetString(3);
        var data = reader.GetFieldValue<byte[]>(4);
        if (!types.TryRead(type, data, out var body))
            throw new InvalidOperationException($"This build knows no event {type}.");
        return new RecordedEvent(
            reader.GetInt64(2), Guid.Empty, tenant, reader.GetGuid(0), reader.GetInt64(1), type, data, reader.GetFieldValue<DateTimeOffset>(5), EventMetadata.None, false, body);
    }
}
