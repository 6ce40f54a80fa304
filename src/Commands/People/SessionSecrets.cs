using Npgsql;

namespace Events.Commands.People;

/// <summary>Which session a cookie belongs to. Whether that session lives, its events say.</summary>
public sealed class SessionSecrets(NpgsqlDataSource database)
{
    private const string FindSql =
        """
        select session_id
        from session_secrets
        where hash = $1
        """;

    public async Task<Guid?> FindAsync(byte[] hash, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = hash });
        return (Guid?)await command.ExecuteScalarAsync(ct);
    }

    private const string StoreSql =
        """
        insert into session_secrets (hash, session_id, person_id, expires_at)
        values ($1, $2, $3, $4)
        """;

    internal async Task StoreAsync(byte[] hash, Guid sessionId, Guid personId, DateTimeOffset expiresAt, CancellationToken ct)
    {
        await using var command = database.CreateCommand(StoreSql);
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = sessionId });
        command.Parameters.Add(new() { Value = personId });
        command.Parameters.Add(new() { Value = expiresAt });
        await command.ExecuteNonQueryAsync(ct);
    }
}
