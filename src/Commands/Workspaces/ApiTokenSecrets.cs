using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Commands.Workspaces;

/// <summary>Which token of which workspace a bearer secret belongs to. Whether that token is valid, the workspace's events say.</summary>
public sealed class ApiTokenSecrets(NpgsqlDataSource database)
{
    private const string FindSql =
        """
        select tenant_id, token_id
        from api_tokens
        where hash = $1
        """;

    public async Task<(TenantId Tenant, Guid TokenId)?> FindAsync(byte[] hash, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = hash });
        await using var rows = await command.ExecuteReaderAsync(ct);
        return await rows.ReadAsync(ct) ? (new TenantId(rows.GetString(0)), rows.GetGuid(1)) : null;
    }

    private const string StoreSql =
        """
        insert into api_tokens (hash, tenant_id, token_id)
        values ($1, $2, $3)
        """;

    internal async Task StoreAsync(byte[] hash, TenantId tenant, Guid tokenId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(StoreSql);
        command.Parameters.Add(new() { Value = hash });
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = tokenId });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string LastUsedSql =
        """
        select token_id, last_used_at
        from api_tokens
        where tenant_id = $1
        and token_id = any($2)
        and last_used_at is not null
        """;

    public async Task<IReadOnlyDictionary<Guid, DateTimeOffset>> LastUsedAsync(TenantId tenant, IReadOnlyCollection<Guid> tokenIds, CancellationToken ct)
    {
        await using var command = database.CreateCommand(LastUsedSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = tokenIds.ToArray() });
        await using var rows = await command.ExecuteReaderAsync(ct);
        var used = new Dictionary<Guid, DateTimeOffset>();
        while (await rows.ReadAsync(ct))
            used[rows.GetGuid(0)] = rows.GetFieldValue<DateTimeOffset>(1);
        return used;
    }

    private const string MarkUsedSql =
        """
        update api_tokens t
        set last_used_at = u.at
        from unnest($1::varchar[], $2::uuid[], $3::timestamptz[]) as u (tenant_id, token_id, at)
        where t.tenant_id = u.tenant_id
        and t.token_id = u.token_id
        and (t.last_used_at is null or t.last_used_at < u.at)
        """;

    public async Task MarkUsedAsync(IReadOnlyList<(TenantId Tenant, Guid TokenId, DateTimeOffset At)> uses, CancellationToken ct)
    {
        await using var command = database.CreateCommand(MarkUsedSql);
        command.Parameters.Add(new() { Value = uses.Select(use => use.Tenant.Value).ToArray() });
        command.Parameters.Add(new() { Value = uses.Select(use => use.TokenId).ToArray() });
        command.Parameters.Add(new() { Value = uses.Select(use => use.At).ToArray() });
        await command.ExecuteNonQueryAsync(ct);
    }
}
