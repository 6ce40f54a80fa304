using Npgsql;

namespace Events.Projections.Engine;

/// <summary>The live tables: progress moves from the floor to the ceiling, under the lease.</summary>
internal sealed class LiveCommit(IReadOnlyList<ProjectionHead> heads, long floor, long ceiling, Guid owner) : PageCommit
{
    // A page need not be flushed to disk at once: rows and progress are lost together, and the events that make them again are not.
    private const string RelaxSql =
        """
        select set_config('synchronous_commit', 'off', true)
        """;

    private const string AdvanceSql =
        """
        select advance_projections($1, $2, $3, $4, $5, $6)
        """;

    public override void BeforeRows(NpgsqlBatch batch)
    {
        batch.BatchCommands.Add(new NpgsqlBatchCommand(RelaxSql));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(AdvanceSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = [.. heads.Select(h => h.Name)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. heads.Select(h => h.Shard)] },
                new NpgsqlParameter<long[]> { TypedValue = [.. heads.Select(h => h.Epoch)] },
                new NpgsqlParameter<long> { TypedValue = floor },
                new NpgsqlParameter<long> { TypedValue = ceiling },
                new NpgsqlParameter<Guid> { TypedValue = owner },
            },
        });
    }
}
