using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Tests;

/// <summary>Everything that the read models hold, as text, for comparing.</summary>
internal static class Tables
{
    public static async Task<Dictionary<string, List<string>>> DumpAsync(Service service, params string[] projections)
    {
        var dump = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var projection in service.Get<IEnumerable<Projection>>().Where(p => projections.Length == 0 || projections.Contains(p.Name)))
        {
            foreach (var table in projection.Tables)
                dump[table] = await RowsAsync(service.DataSource, table);
        }

        return dump;
    }

    private static async Task<List<string>> RowsAsync(NpgsqlDataSource dataSource, string table)
    {
        await using var command = dataSource.CreateCommand($"select to_jsonb(t)::text from {table} t");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }
}
