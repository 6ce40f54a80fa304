using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Events.Benchmarks.Append;

/// <summary>
/// One transaction per command through Npgsql, the best plain way: both rows in one statement and so one round trip, prepared by
/// use, connections from a pool of the size that helps most. The same tables, indexes and constraints.
/// </summary>
internal sealed class PlainAppender : IAsyncDisposable
{
    private readonly NpgsqlDataSource dataSource;

    public PlainAppender(string connectionString, int connections)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = connections,
            MaxAutoPrepare = 20,
            AutoPrepareMinUsages = 2,
            SearchPath = "events,public",
            NoResetOnClose = true,
        };
        dataSource = NpgsqlDataSource.Create(builder);
    }

    private const string AppendSql =
        """
        with stream as (
          insert into mt_streams (tenant_id, id, type, version)
          values ($1, $2, $3, 1))
        insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
        values (nextval('mt_events_sequence'), $4, $2, 1, $5, $6, now(), $1, $7, $8, $9, $10)
        returning seq_id
        """;

    public async Task AppendAsync(string tenant, Guid stream, TicketOpened body, byte[] headers)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(AppendSql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "ticket" });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.CreateVersion7() });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = JsonSerializer.SerializeToUtf8Bytes(body, SampleJson.Default.TicketOpened), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "ticket_opened" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "Events.Benchmarks.Append.TicketOpened, Events.Benchmarks" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "0197-corr" });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "0197-cause" });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = headers, NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteScalarAsync();
    }

    public ValueTask DisposeAsync() => dataSource.DisposeAsync();
}
