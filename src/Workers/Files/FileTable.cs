using Events.Platform.ObjectStorage;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Workers.Files;

/// <summary>The table of files.</summary>
public sealed class FileTable(NpgsqlDataSource database)
{
    private const string AddSql =
        """
        insert into files (tenant_id, id, object_key, name, size, content_type, sha256, purpose, kept_by, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict (tenant_id, id) do update
        set size = excluded.size, sha256 = excluded.sha256, expires_at = excluded.expires_at
        """;

    /// <summary>Adds the file; one with the same id, which only a repeated job makes, gets the new size and checksum.</summary>
    public async Task AddAsync(StoredFile file, string? keptBy, CancellationToken ct)
    {
        await using var command = database.CreateCommand(AddSql);
        command.Parameters.Add(new() { Value = file.Tenant.Value });
        command.Parameters.Add(new() { Value = file.Id });
        command.Parameters.Add(new() { Value = file.Key.Value });
        command.Parameters.Add(new() { Value = file.Name });
        command.Parameters.Add(new() { Value = file.Size });
        command.Parameters.Add(new() { Value = file.ContentType });
        command.Parameters.Add(new() { Value = (object?)file.Sha256 ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = Wire(file.Purpose) });
        command.Parameters.Add(new() { Value = (object?)keptBy ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = file.CreatedBy });
        command.Parameters.Add(new() { Value = file.CreatedAt.UtcDateTime });
        command.Parameters.Add(new() { Value = (object?)file.ExpiresAt?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string FindSql =
        """
        select tenant_id, id, object_key, name, size, content_type, sha256, purpose, created_by, created_at, expires_at
        from files
        where tenant_id = $1 and id = $2
        """;

    public async Task<StoredFile?> FindAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Read(reader) : null;
    }

    private const string KeepSql =
        """
        update files
        set kept_by = $3, expires_at = null
        where tenant_id = $1 and id = $2
        """;

    /// <summary>From here on the sweep leaves the file alone.</summary>
    public async Task KeepAsync(TenantId tenant, Guid id, string keptBy, CancellationToken ct)
    {
        await using var command = database.CreateCommand(KeepSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = keptBy });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string ExpiredSql =
        """
        select tenant_id, id, object_key, name, size, content_type, sha256, purpose, created_by, created_at, expires_at
        from files
        where expires_at < $1
        order by expires_at
        limit $2
        """;

    public async Task<IReadOnlyList<StoredFile>> ExpiredAsync(DateTimeOffset now, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ExpiredSql);
        command.Parameters.Add(new() { Value = now.UtcDateTime });
        command.Parameters.Add(new() { Value = limit });
        var found = new List<StoredFile>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found.Add(Read(reader));
        return found;
    }

    private const string RemoveSql =
        """
        delete from files
        where tenant_id = $1 and id = $2
        """;

    public async Task RemoveAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(RemoveSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = id });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string KnownSql =
        """
        select object_key
        from files
        where object_key = any ($1)
        """;

    /// <summary>Those of the keys that belong to a file.</summary>
    public async Task<IReadOnlySet<string>> KnownAsync(IReadOnlyList<string> keys, CancellationToken ct)
    {
        await using var command = database.CreateCommand(KnownSql);
        command.Parameters.Add(new() { Value = keys.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
        var known = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            known.Add(reader.GetString(0));
        return known;
    }

    public static string Wire(FilePurpose purpose) => purpose switch
    {
        FilePurpose.Upload => "upload",
        FilePurpose.Export => "export",
        _ => "report",
    };

    private static StoredFile Read(NpgsqlDataReader reader) => new(
        new TenantId(reader.GetString(0)),
        reader.GetGuid(1),
        ObjectKey.Parse(reader.GetString(2)),
        reader.GetString(3),
        reader.GetInt64(4),
        reader.GetString(5),
        reader.IsDBNull(6) ? null : reader.GetString(6),
        reader.GetString(7) switch { "upload" => FilePurpose.Upload, "export" => FilePurpose.Export, _ => FilePurpose.Report },
        reader.GetString(8),
        Utc(reader.GetDateTime(9)),
        reader.IsDBNull(10) ? null : Utc(reader.GetDateTime(10)));

    private static DateTimeOffset Utc(DateTime value) => new(value, TimeSpan.Zero);
}
