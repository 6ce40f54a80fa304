using Events.Messaging.Handlers;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Running;

/// <param name="After">The tenant that the scan for tenants with work goes on after; empty: from the first.</param>
/// <param name="Only">Tenants to take from, instead of the scan.</param>
internal sealed record ClaimRequest(int Limit, string After, string[]? Only, int TenantLimit, string[] HeldTenants, int[] HeldCounts)
{
    /// <summary>Of each of <see cref="Only"/>: the place to go on after. Empty: from the first.</summary>
    public short[] FromPriorities { get; init; } = [];

    public long[] FromSequences { get; init; } = [];
}

internal static class Claimer
{
    private const string Sql =
        """
        select id, tenant_id, type, priority, attempt, takeovers, enqueued_at, body,
            order_key, unique_key, batch_id, traceparent, correlation_id, is_job, seq
        from claim_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """;

    public static async Task<List<ClaimedMessage>> ClaimAsync(NpgsqlDataSource database, NodeLease lease, QueueSettings queue, ClaimRequest request, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var batch = new ClaimedBatch(lease.NextClaim());
        try
        {
            return await ClaimAsync(connection, lease.NodeId, batch, queue, request);
        }
        catch
        {
            lease.Unanswered.Add(batch.Id);
            throw;
        }
    }

    private static async Task<List<ClaimedMessage>> ClaimAsync(NpgsqlConnection connection, int nodeId, ClaimedBatch batch, QueueSettings queue, ClaimRequest request)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = batch.Id },
                new NpgsqlParameter<int> { TypedValue = nodeId },
                new NpgsqlParameter<string> { TypedValue = queue.Name },
                new NpgsqlParameter<int> { TypedValue = request.Limit },
                new NpgsqlParameter<string> { TypedValue = request.After },
                new() { Value = request.Only ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new() { Value = request.FromPriorities, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint },
                new() { Value = request.FromSequences, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
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
        var tenant = default(TenantId);
        var tenantText = "";
        while (await reader.ReadAsync(CancellationToken.None))
        {
            batch.Add();
            // Checked once for a run of one tenant's messages.
            var owner = reader.GetString(1);
            if (owner != tenantText)
                (tenant, tenantText) = (new TenantId(owner), owner);
            claimed.Add(new ClaimedMessage
            {
                Batch = batch,
                Queue = queue.Name,
                Id = reader.GetGuid(0),
                Tenant = tenant,
                Type = reader.GetString(2),
                Priority = reader.GetInt16(3),
                Attempt = reader.GetInt16(4),
                Takeovers = reader.GetInt16(5),
                EnqueuedAt = reader.GetFieldValue<DateTimeOffset>(6),
                Body = reader.GetFieldValue<byte[]>(7),
                OrderKey = Text(reader, 8),
                UniqueKey = Text(reader, 9),
                BatchId = reader.IsDBNull(10) ? null : reader.GetGuid(10),
                TraceParent = Text(reader, 11),
                CorrelationId = Text(reader, 12),
                IsJob = reader.GetBoolean(13),
                Sequence = reader.GetInt64(14),
            });
        }

        // They come in the order of their rows on disk.
        claimed.Sort(static (a, b) => a.Priority != b.Priority ? a.Priority.CompareTo(b.Priority) : a.Sequence.CompareTo(b.Sequence));
        return claimed;
    }

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
