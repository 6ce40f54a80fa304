using System.Diagnostics;
using Events.Fixtures;
using Npgsql;

namespace Events.Benchmarks.Projections;

/// <summary>PostgreSQL alone: the events out and the rows in, by binary COPY, with nothing between and no index.</summary>
internal static class CopyRates
{
    public static async Task<double> MeasureAsync(TestDatabase database, string table, long events, CancellationToken ct)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(ct);
        await ExecuteAsync(connection, $"create unlogged table copied as select * from {table} limit 0", ct);
        var began = Stopwatch.GetTimestamp();
        await PumpAsync(connection, "copy (select seq_id, id, tenant_id, stream_id, version, type, timestamp, data from mt_events order by seq_id) to stdout (format binary)", null, ct);
        var rows = await PumpAsync(connection, $"copy {table} to stdout (format binary)", new MemoryStream(), ct);
        await using (var copy = await connection.BeginRawBinaryCopyAsync("copy copied from stdin (format binary)", ct))
            await copy.WriteAsync(rows!.GetBuffer().AsMemory(0, (int)rows.Length), ct);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await ExecuteAsync(connection, "drop table copied", ct);
        return events / seconds;
    }

    private static async Task<MemoryStream?> PumpAsync(NpgsqlConnection connection, string sql, MemoryStream? into, CancellationToken ct)
    {
        await using var copy = await connection.BeginRawBinaryCopyAsync(sql, ct);
        var buffer = new byte[1 << 17];
        for (int read; (read = await copy.ReadAsync(buffer, ct)) > 0;)
            into?.Write(buffer, 0, read);
        return into;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
