using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>The next tables: the build's own position moves from the floor to the ceiling.</summary>
internal sealed class BuildCommit(Schemas schemas, ProjectionBuild build, Guid? owner, long floor, long ceiling) : PageCommit
{
    private const string AdvanceSql =
        """
        select advance_build($1, $2, $3, $4, $5)
        """;

    public override int BeforeLoad(NpgsqlBatch batch)
    {
        batch.BatchCommands.Add(schemas.Enter());
        return 1;
    }

    public override void BeforeRows(NpgsqlBatch batch)
    {
        batch.BatchCommands.Add(schemas.Enter());
        batch.BatchCommands.Add(new NpgsqlBatchCommand(AdvanceSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = build.Projection },
                new NpgsqlParameter<int> { TypedValue = build.Generation },
                new NpgsqlParameter<long> { TypedValue = floor },
                new NpgsqlParameter<long> { TypedValue = ceiling },
                new NpgsqlParameter { Value = (object?)owner ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid },
            },
        });
    }
}
