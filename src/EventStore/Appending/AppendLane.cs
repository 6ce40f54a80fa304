using Npgsql;

namespace Events.EventStore.Appending;

/// <summary>A connection that carries one batch at a time. It stays open, so that a batch costs one round trip and no more.</summary>
internal sealed class AppendLane(NpgsqlDataSource dataSource, EventStoreOptions options) : IAsyncDisposable
{
    private readonly AppendCommand command = new(options);
    private readonly AppendAloneCommand alone = new(options);
    private NpgsqlConnection? connection;

    /// <summary>Before anything is sent: a failure here means that nothing happened.</summary>
    public async Task ConnectAsync(CancellationToken ct)
    {
        if (connection is { State: System.Data.ConnectionState.Open })
            return;
        await DropAsync();
        connection = await dataSource.OpenConnectionAsync(ct);
    }

    public async Task<long[]> ExecuteAsync(Guid batch, IReadOnlyList<PendingUnit> units, CancellationToken ct)
    {
        try
        {
            if (units.Count == 1 && AppendAloneCommand.Takes(units[0]) && await alone.ExecuteAsync(connection!, batch, units[0], ct) is { } answer)
                return answer;
            command.Fill(batch, units);
            return await command.ExecuteAsync(connection!, ct);
        }
        catch
        {
            command.Renew();
            alone.Renew();
            throw;
        }
    }

    public async Task DropAsync()
    {
        if (connection is null)
            return;
        var dropped = connection;
        connection = null;
        await dropped.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        command.Dispose();
        alone.Dispose();
    }
}
