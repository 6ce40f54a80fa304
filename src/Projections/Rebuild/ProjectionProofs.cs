using System.Text;
using System.Text.Json;
using Events.EventStore.Ledger;
using Events.Projections.Engine;
using Npgsql;
using NpgsqlTypes;

namespace Events.Projections.Rebuild;

/// <summary>What the last verification of a projection found.</summary>
/// <param name="Incomplete">JSON array of the tenants that are not complete, at most 100.</param>
/// <param name="Altered">JSON array of the tenants whose events in the store are not as they were recorded; null: not looked for.</param>
public sealed record ProjectionProof(DateTimeOffset CheckedAt, long Position, long Events, int Tenants, string Incomplete, string? Altered);

/// <summary>Verifications that were asked for, and what the latest found.</summary>
internal sealed class ProjectionProofs(NpgsqlDataSource dataSource)
{
    private const int MostListed = 100;

    private const string RequestSql =
        """
        insert into projection_proofs (projection, requested_at)
        select *, now()
        from unnest($1::varchar[])
        on conflict (projection) do update
        set requested_at = now()
        """;

    /// <summary>Somebody in the role <c>projections</c> takes it up within seconds.</summary>
    public async Task RequestAsync(IReadOnlyCollection<string> projections, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(RequestSql);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. projections] });
        await command.ExecuteNonQueryAsync(ct);
    }

    // Whoever takes a request has it: it is gone for everybody else, and if they die it is asked for again.
    private const string TakeSql =
        """
        update projection_proofs
        set requested_at = null
        where requested_at is not null
        returning projection
        """;

    public async Task<IReadOnlyList<string>> TakeRequestsAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(TakeSql);
        await using var row = await command.ExecuteReaderAsync(ct);
        var names = new List<string>();
        while (await row.ReadAsync(ct))
            names.Add(row.GetString(0));
        return names;
    }

    private const string StoreSql =
        """
        insert into projection_proofs (projection, checked_at, position, events, tenants, incomplete, altered)
        select p.projection, now(), p.position, p.events, p.tenants, p.incomplete, $6
        from unnest($1::varchar[], $2::bigint[], $3::bigint[], $4::int[], $5::jsonb[]) as p (projection, position, events, tenants, incomplete)
        on conflict (projection) do update
        set checked_at = excluded.checked_at, position = excluded.position, events = excluded.events, tenants = excluded.tenants,
            incomplete = excluded.incomplete, altered = excluded.altered
        """;

    /// <param name="altered">Null: it was not looked for.</param>
    public async Task StoreAsync(IReadOnlyList<ProjectionCompleteness> found, IReadOnlyList<LedgerDifference>? altered, CancellationToken ct)
    {
        await using var batch = dataSource.CreateBatch();
        var store = new NpgsqlBatchCommand(StoreSql);
        store.AddColumn(found, f => f.Projection);
        store.AddColumn(found, f => f.Position);
        store.AddColumn(found, f => f.Events);
        store.AddColumn(found, f => f.TenantsChecked);
        store.AddJsonColumn(found, f => Text(f.Incomplete, Write));
        store.Parameters.Add(new NpgsqlParameter { Value = altered is null ? DBNull.Value : Text(altered, Write), NpgsqlDbType = NpgsqlDbType.Jsonb });
        batch.BatchCommands.Add(store);
        await batch.ExecuteNonQueryAsync(ct);
    }

    private const string LatestSql =
        """
        select projection, checked_at, position, events, tenants, incomplete, altered
        from projection_proofs
        where checked_at is not null
        """;

    public async Task<Dictionary<string, ProjectionProof>> LatestAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(LatestSql);
        await using var row = await command.ExecuteReaderAsync(ct);
        var proofs = new Dictionary<string, ProjectionProof>(StringComparer.Ordinal);
        while (await row.ReadAsync(ct))
        {
            proofs[row.GetString(0)] = new ProjectionProof(
                row.GetFieldValue<DateTimeOffset>(1), row.GetInt64(2), row.GetInt64(3), row.GetInt32(4), row.GetString(5), row.IsDBNull(6) ? null : row.GetString(6));
        }

        return proofs;
    }

    private static void Write(TenantCompleteness tenant, Utf8JsonWriter json)
    {
        json.WriteString("workspaceId"u8, tenant.Tenant);
        json.WriteNumber("folded"u8, tenant.Folded);
        json.WriteNumber("waiting"u8, tenant.Waiting);
        json.WriteNumber("skipped"u8, tenant.Skipped);
        json.WriteNumber("stored"u8, tenant.Stored);
        json.WriteNumber("recorded"u8, tenant.Recorded);
    }

    private static void Write(LedgerDifference difference, Utf8JsonWriter json)
    {
        json.WriteString("workspaceId"u8, difference.Tenant.Value);
        json.WriteNumber("after"u8, difference.After);
        json.WriteNumber("upTo"u8, difference.UpTo);
    }

    private static string Text<T>(IReadOnlyList<T> items, Action<T, Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (var item in items.Take(MostListed))
            {
                json.WriteStartObject();
                write(item, json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
