using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Commands.Access;

/// <summary>How far streams are: the cheapest question that tells whether a folded state is still true.</summary>
internal sealed class StreamVersions(NpgsqlDataSource database)
{
    public const int MaxStreams = 10_000;

    private const string OneSql =
        """
        select version
        from mt_streams
        where tenant_id = $1
        and id = $2
        """;

    /// <returns>0 when there is no such stream.</returns>
    public async Task<long> OfAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(OneSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = id });
        return (long?)await command.ExecuteScalarAsync(ct) ?? 0;
    }

    private const string AllSql =
        """
        select s.tenant_id, s.id, s.version
        from unnest($1::varchar[], $2::uuid[]) as w (tenant_id, id)
        join mt_streams s on s.tenant_id = w.tenant_id and s.id = w.id
        """;

    public async Task<IReadOnlyDictionary<(TenantId Tenant, Guid Id), long>> OfAllAsync(IReadOnlyList<(TenantId Tenant, Guid Id)> streams, CancellationToken ct)
    {
        await using var command = database.CreateCommand(AllSql);
        command.Parameters.Add(new() { Value = streams.Select(stream => stream.Tenant.Value).ToArray() });
        command.Parameters.Add(new() { Value = streams.Select(stream => stream.Id).ToArray() });
        await using var rows = await command.ExecuteReaderAsync(ct);
        var versions = new Dictionary<(TenantId, Guid), long>(streams.Count);
        while (await rows.ReadAsync(ct))
            versions[(new TenantId(rows.GetString(0)), rows.GetGuid(1))] = rows.GetInt64(2);
        return versions;
    }
}
