using Events.Platform.Postgres;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// Three schemas hold tables of the same names: the live ones, those that a rebuild makes, and those that the last one replaced. What runs
/// in one runs in another by the search path of its transaction; a switch moves tables between them.
/// </summary>
internal sealed class Schemas(PostgresOptions options)
{
    public string Live => options.Schema;

    public string Next => $"{options.Schema}_next";

    public string Previous => $"{options.Schema}_previous";

    // Indexes are made several at a time, one a core: helpers of each would only take turns.
    private const string EnterSql =
        """
        select set_config('search_path', $1, true), set_config('synchronous_commit', 'off', true), set_config('maintenance_work_mem', '128MB', true),
               set_config('max_parallel_maintenance_workers', '0', true)
        """;

    /// <summary>For the rest of the transaction, unqualified names mean the next tables first.</summary>
    public NpgsqlBatchCommand Enter() => new(EnterSql) { Parameters = { new NpgsqlParameter<string> { TypedValue = $"{Next}, {Live}, public" } } };

    public async Task EnterAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EnterSql, connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = $"{Next}, {Live}, public" } } };
        await command.ExecuteNonQueryAsync(ct);
    }
}
