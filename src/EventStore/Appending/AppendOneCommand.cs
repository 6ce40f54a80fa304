using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Appending;

/// <summary>
/// A unit that came alone as the parameters of the SQL function <c>append_one</c> (0103_append_one.sql tells what they mean). The
/// parameters are reused from unit to unit.
/// </summary>
internal sealed class AppendOneCommand : IDisposable
{
    private const int MostEvents = 4;

    private const string EventsSql =
        """
        select append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """;

    private const string KeySql =
        """
        select append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        """;

    private readonly NpgsqlParameter<Guid> batchId = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<string> tenant = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<Guid> stream = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<string?> streamType = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<long> expected = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<string?> correlation = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<string?> causation = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]?> headers = new() { NpgsqlDbType = NpgsqlDbType.Jsonb };
    private readonly Column<Guid> eventId = new(NpgsqlDbType.Uuid);
    private readonly Column<string> eventAlias = new(NpgsqlDbType.Varchar);
    private readonly Column<string> eventDotNet = new(NpgsqlDbType.Varchar);
    private readonly Column<byte[]> eventData = new(NpgsqlDbType.Jsonb);

    private readonly NpgsqlParameter<string?> key = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]?> keyHash = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<int> keyStatus = new() { NpgsqlDbType = NpgsqlDbType.Integer };
    private readonly NpgsqlParameter<string?> keyLocation = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<string?> keyETag = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]?> keyBody = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<TimeSpan> keep = new() { NpgsqlDbType = NpgsqlDbType.Interval };

    private readonly NpgsqlParameter[] eventParameters;
    private readonly NpgsqlParameter[] keyParameters;
    private readonly int timeout;
    private NpgsqlCommand command;

    public AppendOneCommand(EventStoreOptions options)
    {
        timeout = options.CommandTimeout;
        command = new NpgsqlCommand { CommandTimeout = timeout };
        keep.TypedValue = options.IdempotencyKept;
        eventParameters =
        [
            batchId, tenant, stream, streamType, expected, correlation, causation, headers, eventId.Parameter, eventAlias.Parameter,
            eventDotNet.Parameter, eventData.Parameter,
        ];
        keyParameters = [key, keyHash, keyStatus, keyLocation, keyETag, keyBody, keep];
    }

    /// <summary>One stream, few events that share their unit's metadata, no messages.</summary>
    public static bool Takes(PendingUnit pending) =>
        pending.Unit is { Streams.Count: 1, Messages.Count: 0 }
        && pending.Encoded.Events is { Length: > 0 and <= MostEvents } events
        && Array.TrueForAll(events, static e => e.Own is null);

    /// <returns>The answer as <see cref="Outcomes"/> reads it; null when nothing was written and <c>append</c> is to be asked.</returns>
    /// <exception cref="NpgsqlException">Refused, broken, or timed out.</exception>
    public async Task<long[]?> ExecuteAsync(NpgsqlConnection connection, Guid batch, PendingUnit pending, CancellationToken ct)
    {
        Fill(batch, pending);
        command.Connection = connection;
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var answer = await reader.IsDBNullAsync(0, ct) ? null : reader.GetFieldValue<long[]>(0);
        // The end of the command is where an error at the commit would show.
        await reader.NextResultAsync(ct);
        return answer;
    }

    /// <summary>After an error: the driver's command may remember a statement that was never prepared.</summary>
    public void Renew()
    {
        command.Parameters.Clear();
        command.Dispose();
        command = new NpgsqlCommand { CommandTimeout = timeout };
    }

    public void Dispose() => command.Dispose();

    private void Arrange(string sql)
    {
        if (ReferenceEquals(command.CommandText, sql))
            return;
        command.CommandText = sql;
        command.Parameters.Clear();
        foreach (var parameter in eventParameters)
            command.Parameters.Add(parameter);
        if (sql == EventsSql)
            return;
        foreach (var parameter in keyParameters)
            command.Parameters.Add(parameter);
    }

    private void Fill(Guid batch, PendingUnit pending)
    {
        Arrange(pending.Key is null ? EventsSql : KeySql);
        var unit = pending.Unit;
        var append = unit.Streams[0];
        batchId.TypedValue = batch;
        tenant.TypedValue = unit.Tenant.Value;
        stream.TypedValue = append.StreamId;
        streamType.TypedValue = append.StreamType;
        expected.TypedValue = append.Expected.Value;
        correlation.TypedValue = unit.Metadata.CorrelationId;
        causation.TypedValue = unit.Metadata.CausationId;
        headers.TypedValue = pending.Encoded.Headers;
        eventId.Clear();
        eventAlias.Clear();
        eventDotNet.Clear();
        eventData.Clear();
        foreach (var e in pending.Encoded.Events)
        {
            eventId.Add(e.Id);
            eventAlias.Add(e.Type.Alias);
            eventDotNet.Add(e.Type.DotNetType);
            eventData.Add(e.Data);
        }

        if (pending.Key is not { } record)
            return;
        key.TypedValue = record.Key;
        keyHash.TypedValue = record.RequestHash.ToArray();
        keyStatus.TypedValue = record.Answer.Status;
        keyLocation.TypedValue = record.Answer.Location;
        keyETag.TypedValue = record.Answer.ETag;
        keyBody.TypedValue = record.Answer.Body.ToArray();
    }
}
