using Events.Platform.Outbox;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Sending;

/// <summary>The one call that stores messages, in whatever transaction its connection is in.</summary>
internal static class EnqueueStatement
{
    private const string Sql =
        """
        select enqueue_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """;

    private const string BatchSql =
        """
        select store_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """;

    public static NpgsqlCommand Create(NpgsqlConnection connection, IReadOnlyList<OutboxMessage> messages)
    {
        var command = new NpgsqlCommand(Sql, connection);
        Fill(command.Parameters, messages);
        return command;
    }

    public static NpgsqlBatchCommand Create(IReadOnlyList<OutboxMessage> messages)
    {
        var command = new NpgsqlBatchCommand(Sql);
        Fill(command.Parameters, messages);
        return command;
    }

    public static NpgsqlBatchCommand CreateForBatch(IReadOnlyList<OutboxMessage> messages, Guid batchId)
    {
        var command = new NpgsqlBatchCommand(BatchSql);
        Fill(command.Parameters, messages);
        var ids = new Guid[messages.Count];
        Array.Fill(ids, batchId);
        Add(command.Parameters, ids, NpgsqlDbType.Uuid);
        return command;
    }

    private static void Fill(NpgsqlParameterCollection command, IReadOnlyList<OutboxMessage> messages)
    {
        var n = messages.Count;
        var id = new Guid[n];
        var tenant = new string[n];
        var queue = new string[n];
        var type = new string[n];
        var body = new ReadOnlyMemory<byte>[n];
        var priority = new short[n];
        var scheduledFor = new DateTime?[n];
        var orderKey = new string?[n];
        var uniqueKey = new string?[n];
        var traceParent = new string?[n];
        var correlationId = new string?[n];
        var isJob = new bool[n];
        for (var i = 0; i < n; i++)
        {
            var message = messages[i];
            id[i] = message.Id;
            tenant[i] = message.Tenant.Value;
            queue[i] = message.Queue;
            type[i] = message.Type;
            body[i] = message.Body;
            priority[i] = message.Priority;
            scheduledFor[i] = message.ScheduledFor?.UtcDateTime;
            orderKey[i] = message.OrderKey;
            uniqueKey[i] = message.UniqueKey;
            traceParent[i] = message.TraceParent;
            correlationId[i] = message.CorrelationId;
            isJob[i] = message.IsJob;
        }

        Add(command, id, NpgsqlDbType.Uuid);
        Add(command, tenant, NpgsqlDbType.Varchar);
        Add(command, queue, NpgsqlDbType.Varchar);
        Add(command, type, NpgsqlDbType.Varchar);
        Add(command, body, NpgsqlDbType.Jsonb);
        Add(command, priority, NpgsqlDbType.Smallint);
        Add(command, scheduledFor, NpgsqlDbType.TimestampTz);
        Add(command, orderKey, NpgsqlDbType.Varchar);
        Add(command, uniqueKey, NpgsqlDbType.Varchar);
        Add(command, traceParent, NpgsqlDbType.Varchar);
        Add(command, correlationId, NpgsqlDbType.Varchar);
        Add(command, isJob, NpgsqlDbType.Boolean);
    }

    private static void Add<T>(NpgsqlParameterCollection command, T[] values, NpgsqlDbType element) =>
        command.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element });
}
