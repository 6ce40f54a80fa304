using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore;

/// <summary>Keeps answers under their idempotency keys for acts that append no events, in the act's own transaction.</summary>
public sealed class AnswerKeeper(EventStoreOptions options)
{
    // A key that somebody else has just stored is waited for, and then not overwritten.
    private const string KeepSql =
        """
        insert into idempotency_keys as k (tenant_id, key, request_hash, status, location, etag, body, position, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, 0, now() + $8)
        on conflict (tenant_id, key) do update
        set request_hash = excluded.request_hash, status = excluded.status, location = excluded.location, etag = excluded.etag,
            body = excluded.body, position = excluded.position, expires_at = excluded.expires_at
        where k.expires_at <= now()
        returning true
        """;

    /// <param name="connection">In a transaction.</param>
    /// <returns>False: an answer is kept under this key already, and the act must not be committed.</returns>
    public async Task<bool> TryKeepAsync(NpgsqlConnection connection, TenantId tenant, IdempotencyRecord record, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(KeepSql, connection)
        {
            Parameters =
            {
                new() { Value = tenant.Value },
                new() { Value = record.Key },
                new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = record.RequestHash, NpgsqlDbType = NpgsqlDbType.Bytea },
                new NpgsqlParameter<int> { TypedValue = record.Answer.Status },
                new() { Value = record.Answer.Location ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar },
                new() { Value = record.Answer.ETag ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar },
                new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = record.Answer.Body, NpgsqlDbType = NpgsqlDbType.Bytea },
                new NpgsqlParameter<TimeSpan> { TypedValue = options.IdempotencyKept },
            },
        };
        return await command.ExecuteScalarAsync(ct) is true;
    }
}
