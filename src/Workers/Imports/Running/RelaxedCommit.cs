using Npgsql;

namespace Events.Workers.Imports.Running;

/// <summary>A statement whose caller need not wait until it is on disk: lost in a crash, it is done again, or what follows it is lost too.</summary>
internal static class RelaxedCommit
{
    // Holds for the transaction, which is the batch.
    private const string RelaxSql =
        """
        select set_config('synchronous_commit', 'off', true)
        """;

    public static NpgsqlBatch Batch(NpgsqlDataSource database, string sql)
    {
        var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(RelaxSql));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        return batch;
    }
}
