using Npgsql;

namespace Events.Commands.People;

/// <summary>The encoded hash of each person's password.</summary>
internal sealed class Passwords(NpgsqlDataSource database)
{
    private const string FindSql =
        """
        select hash
        from passwords
        where person_id = $1
        """;

    public async Task<string?> FindAsync(Guid personId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = personId });
        return (string?)await command.ExecuteScalarAsync(ct);
    }

    private const string StoreSql =
        """
        insert into passwords (person_id, hash)
        values ($1, $2)
        on conflict (person_id) do update set hash = excluded.hash, changed_at = now()
        """;

    public async Task StoreAsync(Guid personId, string hash, CancellationToken ct)
    {
        await using var command = database.CreateCommand(StoreSql);
        command.Parameters.Add(new() { Value = personId });
        command.Parameters.Add(new() { Value = hash });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string RehashSql =
        """
        update passwords
        set hash = $3
        where person_id = $1
        and hash = $2
        """;

    /// <summary>The same password at another cost; loses against a change that came in between.</summary>
    public async Task RehashAsync(Guid personId, string from, string to, CancellationToken ct)
    {
        await using var command = database.CreateCommand(RehashSql);
        command.Parameters.Add(new() { Value = personId });
        command.Parameters.Add(new() { Value = from });
        command.Parameters.Add(new() { Value = to });
        await command.ExecuteNonQueryAsync(ct);
    }
}
