using Events.Messaging.Handlers;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Running;

/// <param name="After">The tenant that the scan for tenants with work goes on after; empty: from the first.</param>
/// <param name="Only">Tenants to take from, instead of the scan.</param>
internal readonly record struct ClaimRequest(int Limit, string After, string[]? Only, int TenantLimit, string[] HeldTenants, int[] HeldCounts);

internal static class Claimer
{
    private const string Sql =
        """
        select claim_id, id, tenant_id, type, priority, attempt, takeovers, enqueued_at, body,
            order_key, unique_key, batch_id, traceparent, correlation_id, is_job, seq
        from claim_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    public static async Task<List<ClaimedMessage>> ClaimAsync(NpgsqlDataSource database, int nodeId, QueueSettings queue, ClaimRequest request, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<int> { TypedValue = nodeId },
                new NpgsqlParameter<string> { TypedValue = queue.Name },
                new NpgsqlParameter<int> { TypedValue = request.Limit },
                new NpgsqlParameter<string> { TypedValue = request.After },
                new() { Value = request.Only ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new NpgsqlParameter<int> { TypedValue = request.TenantLimit },
                new() { Value = request.HeldTenants, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new() { Value = request.HeldCounts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                new() { Value = queue.ClusterConcurrency ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
                new() { Value = queue.ClusterTenantConcurrency ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
            },
        };
        // Not cancellable: a claim that commits after we stopped listening would wait for our lease to end.
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var claimed = new List<ClaimedMessage>();
        ClaimedBatch? batch = null;
        var tenant = default(TenantId);
        var tenantText = "";
        while (await reader.ReadAsync(CancellationToken.None))
        {
            batch ??= new ClaimedBatch(reader.GetInt64(0));
            batch.Add();
            // Checked once for a run of one tenant's messages.
            var owner = reader.GetString(2);
            if (owner != tenantText)
                (tenant, tenantText) = (new TenantId(owner), owner);
            claimed.Add(new ClaimedMessage
            {
                Batch = batch,
                Queue = queue.Name,
                Id = reader.GetGuid(1),
                Tenant = tenant,
                Type = reader.GetString(3),
                Priority = reader.GetInt16(4),
                Attempt = reader.GetInt16(5),
                Takeovers = reader.GetInt16(6),
                EnqueuedAt = reader.GetFieldValue<DateTimeOffset>(7),
                Body = reader.GetFieldValue<byte[]>(8),
                OrderKey = Text(reader, 9),
                UniqueKey = Text(reader, 10),
                BatchId = reader.IsDBNull(11) ? null : reader.GetGuid(11),
                TraceParent = Text(reader, 12),
                CorrelationId = Text(reader, 13),
                IsJob = reader.GetBoolean(14),
                Sequence = reader.GetInt64(15),
            });
        }

        // They come in the order of their rows on disk.
        claimed.Sort(static (a, b) => a.Priority != b.Priority ? a.Priority.CompareTo(b.Priority) : a.Sequence.CompareTo(b.Sequence));
        return claimed;
    }

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
