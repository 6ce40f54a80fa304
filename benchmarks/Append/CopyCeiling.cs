using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Events.Benchmarks.Append;

/// <summary>The same rows into the same indexes by binary COPY, nobody waiting for an answer: what the database could take at most.</summary>
internal static class CopyCeiling
{
    private const string StreamsSql =
        """
        copy mt_streams (tenant_id, id, type, version) from stdin (format binary)
        """;

    private const string EventsSql =
        """
        copy mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
        from stdin (format binary)
        """;

    /// <returns>Events per second.</returns>
    public static async Task<double> RunAsync(NpgsqlDataSource dataSource, string tenant, long from, int rows, string headers)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        var streams = Enumerable.Range(0, rows).Select(_ => Guid.CreateVersion7()).ToList();
        var started = Stopwatch.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var writer = await connection.BeginBinaryImportAsync(StreamsSql))
        {
            foreach (var stream in streams)
            {
                await writer.StartRowAsync();
                await writer.WriteAsync(tenant, NpgsqlDbType.Varchar);
                await writer.WriteAsync(stream, NpgsqlDbType.Uuid);
                await writer.WriteAsync("ticket", NpgsqlDbType.Varchar);
                await writer.WriteAsync(1L, NpgsqlDbType.Bigint);
            }

            await writer.CompleteAsync();
        }

        await using (var writer = await connection.BeginBinaryImportAsync(EventsSql))
        {
            for (var i = 0; i < rows; i++)
                await WriteAsync(writer, tenant, streams[i], from + i, headers);
            await writer.CompleteAsync();
        }

        await transaction.CommitAsync();
        return rows / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter writer, string tenant, Guid stream, long position, string headers)
    {
        await writer.StartRowAsync();
        await writer.WriteAsync(position, NpgsqlDbType.Bigint);
        await writer.WriteAsync(Guid.CreateVersion7(), NpgsqlDbType.Uuid);
        await writer.WriteAsync(stream, NpgsqlDbType.Uuid);
        await writer.WriteAsync(1L, NpgsqlDbType.Bigint);
        await writer.WriteAsync(JsonSerializer.Serialize(TicketOpened.Sample((int)position), SampleJson.Default.TicketOpened), NpgsqlDbType.Jsonb);
        await writer.WriteAsync("ticket_opened", NpgsqlDbType.Varchar);
        await writer.WriteAsync(DateTime.UtcNow, NpgsqlDbType.TimestampTz);
        await writer.WriteAsync(tenant, NpgsqlDbType.Varchar);
        await writer.WriteAsync("Events.Benchmarks.Append.TicketOpened, Events.Benchmarks", NpgsqlDbType.Varchar);
        await writer.WriteAsync("0197-corr", NpgsqlDbType.Varchar);
        await writer.WriteAsync("0197-cause", NpgsqlDbType.Varchar);
        await writer.WriteAsync(headers, NpgsqlDbType.Jsonb);
    }
}
