using System.Text.Json;
using Events.Platform.Tenancy;
using Events.Workers.Imports.Reading;
using Npgsql;
using NpgsqlTypes;

namespace Events.Workers.Imports.Running;

/// <summary>Mappings that a workspace keeps under a name.</summary>
public sealed class ImportMappings(NpgsqlDataSource database, TimeProvider time)
{
    public const int MaxName = 100;

    private const string SaveSql =
        """
        insert into import_mappings (tenant_id, name, format, mapping, changed_at)
        values ($1, $2, $3, $4, $5)
        on conflict (tenant_id, name) do update
        set format = excluded.format, mapping = excluded.mapping, changed_at = excluded.changed_at
        """;

    public async Task SaveAsync(TenantId tenant, string name, string format, ImportMapping mapping, CancellationToken ct)
    {
        await using var command = database.CreateCommand(SaveSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = format });
        command.Parameters.Add(new() { Value = JsonSerializer.SerializeToUtf8Bytes(mapping, ImportJson.Default.ImportMapping), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = time.GetUtcNow().UtcDateTime });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string FindSql =
        """
        select mapping
        from import_mappings
        where tenant_id = $1 and name = $2
        """;

    public async Task<ImportMapping?> FindAsync(TenantId tenant, string name, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = name });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? JsonSerializer.Deserialize(await reader.GetFieldValueAsync<byte[]>(0, ct), ImportJson.Default.ImportMapping) : null;
    }
}
