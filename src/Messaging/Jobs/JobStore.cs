using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Jobs;

/// <summary>Jobs as people see them, always of one tenant.</summary>
public sealed class JobStore(NpgsqlDataSource database)
{
    private const string FindSql =
        """
        select id, type, status, cancel_requested, attempts, progress_done, progress_total, progress_message, result,
            error_type, error_message, created_at, started_at, finished_at
        from jobs
        where id = $2 and tenant_id = $1
        """;

    public async Task<Job?> FindAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await FindAsync(connection, tenant, id, ct);
    }

    /// <summary>In the caller's transaction, if it is in one.</summary>
    public static async Task<Job?> FindAsync(NpgsqlConnection connection, TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(FindSql, connection);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Read(reader) : null;
    }

    private const string FindManySql =
        """
        select j.id, j.type, j.status, j.cancel_requested, j.attempts, j.progress_done, j.progress_total, j.progress_message, j.result,
            j.error_type, j.error_message, j.created_at, j.started_at, j.finished_at, j.tenant_id
        from unnest($1, $2) as i (tenant_id, id)
        join jobs j on j.id = i.id and j.tenant_id = i.tenant_id
        """;

    /// <summary>Of several tenants, in one go; what is not there is left out.</summary>
    internal async Task<IReadOnlyList<(TenantId Tenant, Job Job)>> FindAsync(IReadOnlyCollection<(TenantId Tenant, Guid Id)> wanted, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindManySql);
        command.Parameters.Add(new() { Value = wanted.Select(w => w.Tenant.Value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. wanted.Select(w => w.Id)] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<(TenantId, Job)>(wanted.Count);
        while (await reader.ReadAsync(ct))
            found.Add((new TenantId(reader.GetString(14)), Read(reader)));
        return found;
    }

    private const string ListSql =
        """
        select id, type, status, cancel_requested, attempts, progress_done, progress_total, progress_message, null::jsonb,
            error_type, error_message, created_at, started_at, finished_at
        from jobs
        where tenant_id = $1 and ($2 is null or id < $2)
        order by id desc
        limit $3
        """;

    /// <summary>Newest first, without results.</summary>
    /// <param name="before">The last id of the page before.</param>
    public async Task<IReadOnlyList<Job>> ListAsync(TenantId tenant, Guid? before, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ListSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = before ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var jobs = new List<Job>();
        while (await reader.ReadAsync(ct))
            jobs.Add(Read(reader));
        return jobs;
    }

    private const string AttemptsSql =
        """
        select a.attempt, a.started_at, a.finished_at, a.outcome, a.node, a.error_type, a.error_message
        from message_attempts a
        join jobs j on j.id = a.message_id
        where a.message_id = $2 and j.tenant_id = $1
        order by a.attempt_no
        limit 200
        """;

    /// <summary>Attempts that did not succeed, oldest first.</summary>
    public async Task<IReadOnlyList<JobAttempt>> AttemptsAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await AttemptsAsync(connection, tenant, id, ct);
    }

    /// <inheritdoc cref="AttemptsAsync(TenantId, Guid, CancellationToken)"/>
    public static async Task<IReadOnlyList<JobAttempt>> AttemptsAsync(NpgsqlConnection connection, TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(AttemptsSql, connection);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var attempts = new List<JobAttempt>();
        while (await reader.ReadAsync(ct))
        {
            attempts.Add(new JobAttempt(
                reader.GetInt16(0), Time(reader, 1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3),
                Text(reader, 4), Text(reader, 5), Text(reader, 6)));
        }

        return attempts;
    }

    private const string CancelSql =
        """
        select cancel_job($1, $2)
        """;

    /// <summary>Cancels what has not begun, asks what runs to stop; a job that is cancelled already is done.</summary>
    public async Task<JobAnswer> CancelAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await CancelAsync(connection, tenant, id, ct);
    }

    /// <inheritdoc cref="CancelAsync(TenantId, Guid, CancellationToken)"/>
    public static async Task<JobAnswer> CancelAsync(NpgsqlConnection connection, TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(CancelSql, connection);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        return (await command.ExecuteScalarAsync(ct) as string) switch
        {
            null => JobAnswer.Unknown,
            "cancelled" => JobAnswer.Done,
            "running" => JobAnswer.Requested,
            _ => JobAnswer.NotPossible,
        };
    }

    private const string RetrySql =
        """
        select replay_dead($1, $2) or retry_now($1, $2), exists (select from jobs where id = $2 and tenant_id = $1)
        """;

    /// <summary>Revives a dead job with all its attempts, or brings a failed one's next attempt forward.</summary>
    public async Task<JobAnswer> RetryAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await RetryAsync(connection, tenant, id, ct);
    }

    /// <inheritdoc cref="RetryAsync(TenantId, Guid, CancellationToken)"/>
    public static async Task<JobAnswer> RetryAsync(NpgsqlConnection connection, TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(RetrySql, connection);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return reader.GetBoolean(0) ? JobAnswer.Done : reader.GetBoolean(1) ? JobAnswer.NotPossible : JobAnswer.Unknown;
    }

    private static Job Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetInt16(4),
        reader.GetInt64(5), reader.IsDBNull(6) ? null : reader.GetInt64(6), Text(reader, 7),
        reader.IsDBNull(8) ? (ReadOnlyMemory<byte>?)null : reader.GetFieldValue<byte[]>(8), Text(reader, 9), Text(reader, 10),
        reader.GetFieldValue<DateTimeOffset>(11), Time(reader, 12), Time(reader, 13));

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
