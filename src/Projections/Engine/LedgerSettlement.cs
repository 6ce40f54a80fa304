using Npgsql;

namespace Events.Projections.Engine;

/// <summary>
/// Brings the ledger up to date with what pages noted since. Whoever reads the ledger adds what is not settled yet, so when
/// this runs, and how often, changes no sum.
/// </summary>
internal sealed class LedgerSettlement(NpgsqlDataSource dataSource)
{
    private const string TakeSql =
        """
        with taken as (
            delete from projection_ledger_pages
            returning projections, generations, tenant_ids, events, hash_high, hash_low)
        select h.projection, h.generation, s.tenant_id, s.events, s.hash_high, s.hash_low
        from taken t
        cross join lateral unnest(t.projections, t.generations) as h (projection, generation)
        cross join lateral unnest(t.tenant_ids, t.events, t.hash_high, t.hash_low) as s (tenant_id, events, hash_high, hash_low)
        """;

    public async Task SettleAsync(CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var take = new NpgsqlCommand(TakeSql, connection))
        await using (var reader = await take.ExecuteReaderAsync(ct))
        {
            var sums = await LedgerEntry.ReadAsync(reader, ct);
            await reader.CloseAsync();
            if (sums.Count == 0)
                return;
            await using var batch = new NpgsqlBatch(connection);
            LedgerSql.Add(batch, sums);
            await batch.ExecuteNonQueryAsync(ct);
        }

        await transaction.CommitAsync(ct);
    }
}
