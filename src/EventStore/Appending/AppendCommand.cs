using Events.Platform.Outbox;
using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Appending;

/// <summary>
/// One batch as the parameters of the SQL function <c>append</c> (0101_append.sql tells what they mean). The lists and
/// parameters are reused from batch to batch.
/// </summary>
internal sealed class AppendCommand : IDisposable
{
    private const string EventsSql =
        """
        select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """;

    private const string KeysSql =
        """
        select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                      $19, $20, $21, $22, $23, $24, $25, $26, $27)
        """;

    private const string MessagesSql =
        """
        select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                      $19, $20, $21, $22, $23, $24, $25, $26, $27,
                      $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)
        """;

    private const string OwnSql =
        """
        select append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                      $19, $20, $21, $22, $23, $24, $25, $26, $27,
                      $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40,
                      $41, $42, $43, $44)
        """;

    private NpgsqlCommand command;
    private readonly Dictionary<(string Tenant, Guid Id), int> streams = [];
    private readonly Dictionary<EventType, int> types = [];
    private readonly NpgsqlParameter<Guid> batchId = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<TimeSpan> keep = new() { NpgsqlDbType = NpgsqlDbType.Interval };

    private readonly Column<string?> unitCorrelation = new(NpgsqlDbType.Varchar);
    private readonly Column<string?> unitCausation = new(NpgsqlDbType.Varchar);
    private readonly Column<byte[]?> unitHeaders = new(NpgsqlDbType.Jsonb);
    private readonly Column<int> appendUnit = new(NpgsqlDbType.Integer);
    private readonly Column<int> appendStream = new(NpgsqlDbType.Integer);
    private readonly Column<long> appendExpected = new(NpgsqlDbType.Bigint);
    private readonly Column<int> appendCount = new(NpgsqlDbType.Integer);
    private readonly Column<string> streamTenant = new(NpgsqlDbType.Varchar);
    private readonly Column<Guid> streamId = new(NpgsqlDbType.Uuid);
    private readonly Column<string?> streamType = new(NpgsqlDbType.Varchar);
    private readonly Column<string> typeAlias = new(NpgsqlDbType.Varchar);
    private readonly Column<string> typeDotNet = new(NpgsqlDbType.Varchar);
    private readonly Column<int> eventAppend = new(NpgsqlDbType.Integer);
    private readonly Column<int> eventOffset = new(NpgsqlDbType.Integer);
    private readonly Column<Guid> eventId = new(NpgsqlDbType.Uuid);
    private readonly Column<int> eventType = new(NpgsqlDbType.Integer);
    private readonly Column<byte[]> eventData = new(NpgsqlDbType.Jsonb);

    private readonly Column<int> keyUnit = new(NpgsqlDbType.Integer);
    private readonly Column<string> keyTenant = new(NpgsqlDbType.Varchar);
    private readonly Column<string> keyText = new(NpgsqlDbType.Varchar);
    private readonly Column<byte[]> keyHash = new(NpgsqlDbType.Bytea);
    private readonly Column<int> keyStatus = new(NpgsqlDbType.Integer);
    private readonly Column<string?> keyLocation = new(NpgsqlDbType.Varchar);
    private readonly Column<string?> keyETag = new(NpgsqlDbType.Varchar);
    private readonly Column<byte[]> keyBody = new(NpgsqlDbType.Bytea);

    private readonly Column<int> messageUnit = new(NpgsqlDbType.Integer);
    private readonly Column<Guid> messageId = new(NpgsqlDbType.Uuid);
    private readonly Column<string> messageTenant = new(NpgsqlDbType.Varchar);
    private readonly Column<string> messageQueue = new(NpgsqlDbType.Varchar);
    private readonly Column<string> messageType = new(NpgsqlDbType.Varchar);
    private readonly Column<byte[]> messageBody = new(NpgsqlDbType.Jsonb);
    private readonly Column<short> messagePriority = new(NpgsqlDbType.Smallint);
    private readonly Column<DateTime?> messageScheduledFor = new(NpgsqlDbType.TimestampTz);
    private readonly Column<string?> messageOrderKey = new(NpgsqlDbType.Varchar);
    private readonly Column<string?> messageUniqueKey = new(NpgsqlDbType.Varchar);
    private readonly Column<string?> messageTraceParent = new(NpgsqlDbType.Varchar);
    private readonly Column<string?> messageCorrelation = new(NpgsqlDbType.Varchar);
    private readonly Column<bool> messageIsJob = new(NpgsqlDbType.Boolean);

    private readonly Column<int> eventOwn = new(NpgsqlDbType.Integer);
    private readonly Column<string?> ownCorrelation = new(NpgsqlDbType.Varchar);
    private readonly Column<string?> ownCausation = new(NpgsqlDbType.Varchar);
    private readonly Column<byte[]?> ownHeaders = new(NpgsqlDbType.Jsonb);

    private readonly Column[] eventColumns;
    private readonly Column[] keyColumns;
    private readonly Column[] messageColumns;
    private readonly Column[] ownColumns;
    private readonly int timeout;

    public AppendCommand(EventStoreOptions options)
    {
        timeout = options.CommandTimeout;
        command = new NpgsqlCommand { CommandTimeout = timeout };
        keep.TypedValue = options.IdempotencyKept;
        eventColumns =
        [
            unitCorrelation, unitCausation, unitHeaders, appendUnit, appendStream, appendExpected, appendCount, streamTenant, streamId,
            streamType, typeAlias, typeDotNet, eventAppend, eventOffset, eventId, eventType, eventData,
        ];
        keyColumns = [keyUnit, keyTenant, keyText, keyHash, keyStatus, keyLocation, keyETag, keyBody];
        messageColumns =
        [
            messageUnit, messageId, messageTenant, messageQueue, messageType, messageBody, messagePriority, messageScheduledFor,
            messageOrderKey, messageUniqueKey, messageTraceParent, messageCorrelation, messageIsJob,
        ];
        ownColumns = [eventOwn, ownCorrelation, ownCausation, ownHeaders];
    }

    /// <param name="batch">Names the batch, so that it can be fenced off when its fate is unknown.</param>
    public void Fill(Guid batch, IReadOnlyList<PendingUnit> units)
    {
        Clear();
        batchId.TypedValue = batch;
        for (var i = 0; i < units.Count; i++)
        {
            AddStreams(i + 1, units[i]);
            AddKey(i + 1, units[i]);
            foreach (var message in units[i].Unit.Messages)
                AddMessage(i + 1, message);
        }

        Arrange();
    }

    /// <exception cref="NpgsqlException">Refused, broken, or timed out.</exception>
    public async Task<long[]> ExecuteAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        command.Connection = connection;
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var answer = reader.GetFieldValue<long[]>(0);
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

    private void AddStreams(int unitNumber, PendingUnit pending)
    {
        var unit = pending.Unit;
        var metadata = unit.Metadata;
        unitCorrelation.Add(metadata.CorrelationId);
        unitCausation.Add(metadata.CausationId);
        unitHeaders.Add(pending.Encoded.Headers);
        var next = 0;
        foreach (var stream in unit.Streams)
        {
            appendUnit.Add(unitNumber);
            appendStream.Add(StreamNumber(unit.Tenant.Value, stream));
            appendExpected.Add(stream.Expected.Value);
            appendCount.Add(stream.Events.Count);
            for (var offset = 0; offset < stream.Events.Count; offset++)
            {
                var (id, type, data, own, headers) = pending.Encoded.Events[next++];
                eventAppend.Add(appendUnit.Count);
                eventOffset.Add(offset);
                eventId.Add(id);
                eventType.Add(TypeNumber(type));
                eventData.Add(data);
                AddOwn(own, headers);
            }
        }
    }

    private void AddOwn(EventMetadata? own, byte[]? headers)
    {
        eventOwn.Add(own is null ? 0 : ownHeaders.Count + 1);
        if (own is null)
            return;
        ownCorrelation.Add(own.CorrelationId);
        ownCausation.Add(own.CausationId);
        ownHeaders.Add(headers);
    }

    private int TypeNumber(EventType type)
    {
        if (types.TryGetValue(type, out var number))
            return number;
        typeAlias.Add(type.Alias);
        typeDotNet.Add(type.DotNetType);
        types.Add(type, typeAlias.Count);
        return typeAlias.Count;
    }

    private int StreamNumber(string tenant, StreamAppend stream)
    {
        if (streams.TryGetValue((tenant, stream.StreamId), out var number))
            return number;
        streamTenant.Add(tenant);
        streamId.Add(stream.StreamId);
        streamType.Add(stream.StreamType);
        streams.Add((tenant, stream.StreamId), streamId.Count);
        return streamId.Count;
    }

    private void AddKey(int unitNumber, PendingUnit pending)
    {
        if (pending.Key is not { } record)
            return;
        keyUnit.Add(unitNumber);
        keyTenant.Add(pending.Unit.Tenant.Value);
        keyText.Add(record.Key);
        keyHash.Add(record.RequestHash.ToArray());
        keyStatus.Add(record.Answer.Status);
        keyLocation.Add(record.Answer.Location);
        keyETag.Add(record.Answer.ETag);
        keyBody.Add(record.Answer.Body.ToArray());
    }

    private void AddMessage(int unitNumber, OutboxMessage message)
    {
        messageUnit.Add(unitNumber);
        messageId.Add(message.Id);
        messageTenant.Add(message.Tenant.Value);
        messageQueue.Add(message.Queue);
        messageType.Add(message.Type);
        messageBody.Add(message.Body.ToArray());
        messagePriority.Add(message.Priority);
        messageScheduledFor.Add(message.ScheduledFor?.UtcDateTime);
        messageOrderKey.Add(message.OrderKey);
        messageUniqueKey.Add(message.UniqueKey);
        messageTraceParent.Add(message.TraceParent);
        messageCorrelation.Add(message.CorrelationId);
        messageIsJob.Add(message.IsJob);
    }

    /// <summary>The function's later parameters have defaults: a batch without keys or messages does not send them.</summary>
    private void Arrange()
    {
        var sql = ownHeaders.Count > 0 ? OwnSql : messageUnit.Count > 0 ? MessagesSql : keyUnit.Count > 0 ? KeysSql : EventsSql;
        if (ReferenceEquals(command.CommandText, sql))
            return;
        command.CommandText = sql;
        command.Parameters.Clear();
        command.Parameters.Add(batchId);
        Add(eventColumns);
        if (sql != EventsSql)
        {
            Add(keyColumns);
            command.Parameters.Add(keep);
        }

        if (sql is MessagesSql or OwnSql)
            Add(messageColumns);
        if (sql == OwnSql)
            Add(ownColumns);
    }

    private void Add(Column[] columns)
    {
        foreach (var column in columns)
            command.Parameters.Add(column.Parameter);
    }

    private void Clear()
    {
        streams.Clear();
        types.Clear();
        foreach (var column in eventColumns)
            column.Clear();
        foreach (var column in keyColumns)
            column.Clear();
        foreach (var column in messageColumns)
            column.Clear();
        foreach (var column in ownColumns)
            column.Clear();
    }
}
