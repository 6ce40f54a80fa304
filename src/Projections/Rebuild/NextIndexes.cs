using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>Makes the indexes of the next tables, several at a time, each in a transaction of its own: after a crash those that are there stay.</summary>
internal sealed class NextIndexes(NpgsqlDataSource dataSource, Schemas schemas)
{
    public async Task RunAsync(Projection projection, ProjectionBuild build, ProjectionScript script, int lanes, CancellationToken ct)
    {
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild index");
        var waiting = new Queue<string>(script.Indexes);
        // One more than cores where all of them are ours: somebody always waits for the disk.
        await Task.WhenAll(Enumerable.Range(0, lanes > 1 ? lanes + 1 : 1).Select(_ => LaneAsync(waiting, ct)));

        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await schemas.EnterAsync(connection, ct);
        foreach (var constraint in script.Constraints)
            await ExecuteAsync(connection, constraint, ct);
        await using (var batch = new NpgsqlBatch(connection) { BatchCommands = { ProjectionBuilds.Move(build, BuildStates.CatchingUp) } })
            await batch.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
    }

    private async Task LaneAsync(Queue<string> waiting, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        while (Next(waiting) is { } index)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await schemas.EnterAsync(connection, ct);
            await ExecuteAsync(connection, index, ct);
            await transaction.CommitAsync(ct);
        }
    }

    private static string? Next(Queue<string> waiting)
    {
        lock (waiting)
            return waiting.TryDequeue(out var next) ? next : null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
