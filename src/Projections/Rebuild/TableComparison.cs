using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Platform.Pacing;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <param name="Json">The first differences: <c>[{table, live, next}]</c>, a row as JSON on each side, null where there is none.</param>
internal sealed record TableDifferences(long RowsCompared, long RowsDifferent, string Json);

/// <summary>
/// Compares the live tables with the next ones as they stood at one position: by a checksum over every row first, row by row
/// only where that differs.
/// </summary>
internal sealed class TableComparison(Schemas schemas, ForegroundLoad foreground)
{
    private const int MostListed = 100;

    /// <summary>Both connections see the same snapshot, in which both sides reflect the same position.</summary>
    public async Task<TableDifferences> CompareAsync(NpgsqlConnection live, NpgsqlConnection next, Projection projection, CancellationToken ct)
    {
        long compared = 0, different = 0;
        var listed = new JsonArray();
        foreach (var table in projection.Tables)
        {
            var mine = ChecksumAsync(live, schemas.Live, table, projection.HashOf(table), ct);
            // Both at once are two cores; who is served needs one.
            if (foreground.IsActive)
                await mine;
            var theirs = ChecksumAsync(next, schemas.Next, table, projection.HashOf(table), ct);
            await Task.WhenAll(mine, theirs);
            compared += (await theirs).Rows;
            if (await mine == await theirs)
                continue;
            different += await CountAsync(live, table, ct);
            await ListAsync(live, table, listed, ct);
        }

        return new TableDifferences(compared, different, listed.ToJsonString());
    }

    // Table and schema names are this build's own. The three sums over a row's hash do not depend on the order of the rows.
    private static async Task<(long Rows, long Xor, decimal Sum)> ChecksumAsync(NpgsqlConnection connection, string schema, string table, string hash, CancellationToken ct)
    {
        var sql = $"select count(*), coalesce(bit_xor(h), 0), coalesce(sum(h & 4294967295), 0) from (select {hash} as h from {schema}.{table} t) r";
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetDecimal(2));
    }

    private string Difference(string table) =>
        $"""
        from (select to_jsonb(t) as row from (select * from {schemas.Live}.{table} except select * from {schemas.Next}.{table}) t) l
        full join (select to_jsonb(t) as row from (select * from {schemas.Next}.{table} except select * from {schemas.Live}.{table}) t) n
          on (l.row ->> 'tenant_id', coalesce(l.row ->> 'task_id', l.row ->> 'project_id'), coalesce(l.row ->> 'version', ''))
           = (n.row ->> 'tenant_id', coalesce(n.row ->> 'task_id', n.row ->> 'project_id'), coalesce(n.row ->> 'version', ''))
        """;

    private async Task<long> CountAsync(NpgsqlConnection connection, string table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select count(*) {Difference(table)}", connection) { CommandTimeout = 0 };
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task ListAsync(NpgsqlConnection connection, string table, JsonArray listed, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select l.row::text, n.row::text {Difference(table)} limit {MostListed}", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct) && listed.Count < MostListed)
        {
            listed.Add(new JsonObject
            {
                ["table"] = table,
                ["live"] = reader.IsDBNull(0) ? null : JsonNode.Parse(reader.GetString(0)),
                ["next"] = reader.IsDBNull(1) ? null : JsonNode.Parse(reader.GetString(1)),
            });
        }
    }
}
