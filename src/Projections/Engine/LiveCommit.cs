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

    // In the transaction that writes the rows and before it does: the lock on the progress rows is what orders a page against a
    // switch, a release or another owner.
    private const string AdvanceSql =
        """
        with moved as (
            update mt_event_progression p
            set last_seq_id = $3, last_updated = transaction_timestamp()
            where p.name = any ($1)
              and p.last_seq_id = $2
            returning 1)
        select refuse_page('another writer moved a projection away from ' || $2)
        where (select count(*) from moved) <> cardinality($1)
        """;

    // A statement of its own: it sees what was committed while the locks were waited for.
    private const string FenceSql =
        """
        select refuse_page('the lease on a projection is gone')
        where (select count(*)
               from projection_heads h
               where h.projection = any ($1)
                 and h.epoch = ($2::bigint[])[array_position($1, h.projection)]
                 and h.owner = $3
                 and h.paused_at is null) <> cardinality($1)
        """;

    public override void BeforeRows(NpgsqlBatch batch)
    {
        batch.BatchCommands.Add(new NpgsqlBatchCommand(RelaxSql));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(AdvanceSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = [.. heads.Select(h => h.Shard)], DataTypeName = "varchar[]" },
                new NpgsqlParameter<long> { TypedValue = floor },
                new NpgsqlParameter<long> { TypedValue = ceiling },
            },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(FenceSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = [.. heads.Select(h => h.Name)], DataTypeName = "varchar[]" },
                new NpgsqlParameter<long[]> { TypedValue = [.. heads.Select(h => h.Epoch)] },
                new NpgsqlParameter<Guid> { TypedValue = owner },
            },
        });
    }
}
