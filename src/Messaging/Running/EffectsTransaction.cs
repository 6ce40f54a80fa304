using Npgsql;

namespace Events.Messaging.Running;

/// <summary>The transaction in which a handler's database effects and the mark that its message is done commit together.</summary>
internal sealed class EffectsTransaction : IAsyncDisposable
{
    public delegate ValueTask<EffectsTransaction> Factory(ClaimedMessage message, CancellationToken ct);

    private readonly NpgsqlConnection connection;

    private EffectsTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        this.connection = connection;
        Transaction = transaction;
    }

    public NpgsqlTransaction Transaction { get; }

    // Held until the commit: whoever takes a dead node's batches over passes by those that are locked, so an attempt that got
    // this far cannot commit beside a second copy of itself.
    private const string FenceSql =
        """
        select true
        from claimed_batches
        where claim_id = $1
        for key share
        """;

    /// <exception cref="Handlers.ClaimLostException">The claim is not this node's any more.</exception>
    public static async ValueTask<EffectsTransaction> OpenAsync(NpgsqlDataSource database, ClaimedMessage message, CancellationToken ct)
    {
        var connection = await database.OpenConnectionAsync(ct);
        try
        {
            var transaction = await connection.BeginTransactionAsync(ct);
            await using var fence = new NpgsqlCommand(FenceSql, connection, transaction) { Parameters = { new NpgsqlParameter<long> { TypedValue = message.Batch.Id } } };
            if (await fence.ExecuteScalarAsync(ct) is not true)
                throw new Handlers.ClaimLostException();
            return new EffectsTransaction(connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
