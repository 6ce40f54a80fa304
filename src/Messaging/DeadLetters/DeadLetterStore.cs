using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.DeadLetters;

/// <param name="Reason"><c>exhausted</c>, <c>permanent</c> or <c>poison</c>.</param>
/// <param name="Body">JSON, UTF-8.</param>
/// <param name="ErrorDetail">The exception with its stack.</param>
public sealed record DeadLetter(
    Guid Id,
    string Type,
    string Queue,
    string Reason,
    DateTimeOffset DiedAt,
    int Attempts,
    ReadOnlyMemory<byte> Body,
    string? OrderKey,
    string? ErrorType,
    string? ErrorMessage,
    string? ErrorDetail,
    IReadOnlyList<FailedAttempt> History);

public sealed record FailedAttempt(int Attempt, DateTimeOffset? StartedAt, DateTimeOffset FinishedAt, string? Node, string? ErrorType, string? ErrorMessage);

/// <summary>Which dead letters of a tenant: the oldest first, of those that are meant by every member that is not null.</summary>
public sealed record DeadLetterChoice(string? Type, IReadOnlyList<Guid>? Ids, int Limit = DeadLetterChoice.MaxLimit)
{
    public const int MaxLimit = 1000;
}

/// <summary>The last letter of the page before.</summary>
public sealed record DeadLetterPlace(DateTimeOffset DiedAt, Guid Id);

/// <summary>Messages that have used up their attempts, or were not worth another.</summary>
public sealed class DeadLetterStore(NpgsqlDataSource database)
{
    private const string ListSql =
        """
        select id, type, queue, reason, died_at, attempt, body, order_key, error_type, error_message, error_detail
        from dead_messages
        where tenant_id = $1
          and ($2 is null or type = $2)
          and ($3 is null or (died_at, id) < ($3, $4))
        order by died_at desc, id desc
        limit $5
        """;

    /// <summary>Newest first.</summary>
    /// <param name="type">Only of this type.</param>
    /// <param name="before">The last one of the page before.</param>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(TenantId tenant, string? type, DeadLetterPlace? before, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ListSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = type ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = before?.DiedAt.UtcDateTime ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = before?.Id ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var letters = new List<DeadLetter>();
        while (await reader.ReadAsync(ct))
            letters.Add(Read(reader, []));
        return letters;
    }

    private const string FindSql =
        """
        select id, type, queue, reason, died_at, attempt, body, order_key, error_type, error_message, error_detail
        from dead_messages
        where id = $2 and tenant_id = $1
        """;

    /// <summary>With its history.</summary>
    public async Task<DeadLetter?> FindAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        var history = await HistoryAsync(id, ct);
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Read(reader, history) : null;
    }

    private const string HistorySql =
        """
        select attempt, started_at, finished_at, node, error_type, error_message
        from message_attempts
        where message_id = $1
        order by attempt_no
        limit 200
        """;

    private async Task<IReadOnlyList<FailedAttempt>> HistoryAsync(Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(HistorySql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var attempts = new List<FailedAttempt>();
        while (await reader.ReadAsync(ct))
        {
            attempts.Add(new FailedAttempt(
                reader.GetInt16(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<DateTimeOffset>(1),
                reader.GetFieldValue<DateTimeOffset>(2), Text(reader, 3), Text(reader, 4), Text(reader, 5)));
        }

        return attempts;
    }

    private const string ReplaySql =
        """
        select replay_dead($1, $2)
        """;

    /// <summary>Gives it all its attempts again; its turn in the line of its key comes first.</summary>
    /// <returns>False when it is not dead (any more), or another message has its unique key.</returns>
    public Task<bool> ReplayAsync(TenantId tenant, Guid id, CancellationToken ct) => CallAsync(ReplaySql, tenant, id, ct);

    private const string ReplayManySql =
        """
        select count(*) filter (where replay_dead($1, d.id))
        from (
            select id from dead_messages
            where tenant_id = $1 and ($2 is null or type = $2) and ($3 is null or id = any ($3))
            order by died_at, id
            limit $4
        ) d
        """;

    /// <summary>As <see cref="ReplayAsync"/>, for all or none.</summary>
    /// <returns>How many were replayed.</returns>
    public Task<long> ReplayManyAsync(TenantId tenant, DeadLetterChoice choice, CancellationToken ct) => CallAsync(ReplayManySql, tenant, choice, ct);

    private const string DiscardManySql =
        """
        select count(*) filter (where discard_dead($1, d.id))
        from (
            select id from dead_messages
            where tenant_id = $1 and ($2 is null or type = $2) and ($3 is null or id = any ($3))
            order by died_at, id
            limit $4
        ) d
        """;

    /// <summary>As <see cref="DiscardAsync"/>, for all or none.</summary>
    /// <returns>How many were discarded.</returns>
    public Task<long> DiscardManyAsync(TenantId tenant, DeadLetterChoice choice, CancellationToken ct) => CallAsync(DiscardManySql, tenant, choice, ct);

    private async Task<long> CallAsync(string sql, TenantId tenant, DeadLetterChoice choice, CancellationToken ct)
    {
        if (choice.Limit is < 1 or > DeadLetterChoice.MaxLimit)
            throw new ArgumentOutOfRangeException(nameof(choice), choice.Limit, $"At most {DeadLetterChoice.MaxLimit} at a time.");
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = choice.Type ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = choice.Ids?.ToArray() ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = choice.Limit });
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private const string DiscardSql =
        """
        select discard_dead($1, $2)
        """;

    /// <summary>Deletes it for good; what waited behind it in its line goes on.</summary>
    public Task<bool> DiscardAsync(TenantId tenant, Guid id, CancellationToken ct) => CallAsync(DiscardSql, tenant, id, ct);

    private async Task<bool> CallAsync(string sql, TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    private static DeadLetter Read(NpgsqlDataReader reader, IReadOnlyList<FailedAttempt> history) => new(
        reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4),
        reader.GetInt16(5), reader.GetFieldValue<byte[]>(6), Text(reader, 7), Text(reader, 8), Text(reader, 9), Text(reader, 10), history);

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
