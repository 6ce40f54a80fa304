using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// Puts tables in the place of others in one transaction. Queries name tables without a schema: those that wait for the lock
/// look the name up again and read the new one; none fails.
/// </summary>
internal sealed class ProjectionSwitch(NpgsqlDataSource dataSource, Schemas schemas, PageWriter writer, EventReader reader, TimeProvider time)
{
    /// <summary>How long readers may queue behind a switch that itself waits for a slow reader.</summary>
    private const string BrieflySql =
        """
        select set_config('lock_timeout', '100ms', true)
        """;

    private const int MostTries = 600;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private const string LockSql =
        """
        select p.last_seq_id
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        where h.projection = $1
        for update of p
        """;

    private const string TakeOverSql =
        """
        with left_behind as (
            select h.generation, h.version, h.shard, p.last_seq_id
            from projection_heads h
            join mt_event_progression p on p.name = h.shard
            where h.projection = $1),
        moved as (
            update projection_heads h
            set previous_generation = h.generation, previous_version = h.version, previous_shard = h.shard,
                previous_position = l.last_seq_id, generation = $2, version = $3, shard = $4, epoch = h.epoch + 1, rolled_back_at = null
            from left_behind l
            where h.projection = $1)
        insert into mt_event_progression as p (name, last_seq_id)
        values ($4, $5)
        on conflict (name) do update
        set last_seq_id = excluded.last_seq_id, last_updated = transaction_timestamp()
        """;

    /// <summary>Catches the build up to where the live tables are, then exchanges them.</summary>
    public Task TakeOverAsync(Projection projection, ProjectionBuild build, PageTarget target, long position, CancellationToken ct) =>
        RetryAsync(
            async connection =>
            {
                // Behind this lock no page of the live tables commits: what is folded now is the last that they have and we have not.
                var live = await LockAsync(connection, projection, ct);
                var at = position;
                if (at < live)
                {
                    await CatchUpAsync(connection, build, target, at, live, ct);
                    at = live;
                }

                await MoveTablesAsync(connection, projection, schemas.Next, ct);
                await using var batch = new NpgsqlBatch(connection);
                batch.BatchCommands.Add(new NpgsqlBatchCommand(TakeOverSql)
                {
                    Parameters =
                    {
                        new NpgsqlParameter<string> { TypedValue = projection.Name },
                        new NpgsqlParameter<int> { TypedValue = build.Generation },
                        new NpgsqlParameter<int> { TypedValue = build.Version },
                        new NpgsqlParameter<string> { TypedValue = projection.Shard },
                        new NpgsqlParameter<long> { TypedValue = at },
                    },
                });
                batch.BatchCommands.Add(ProjectionBuilds.Move(build, BuildStates.Switched, position: at));
                batch.BatchCommands.Add(Tell($"={at} {projection.Name}"));
                await batch.ExecuteNonQueryAsync(ct);
            },
            ct);

    private async Task CatchUpAsync(NpgsqlConnection connection, ProjectionBuild build, PageTarget target, long after, long upTo, CancellationToken ct)
    {
        var events = new List<RecordedEvent>();
        await foreach (var recorded in reader.ReadAllAsync(after, EventFilter.All with { UpTo = upTo }, ct))
            events.Add(recorded);
        await writer.WriteAsync(connection, [target], events, new BuildCommit(schemas, build, owner: null, after, upTo), ct);
    }

    private const string RollBackSql =
        """
        with now_live as (
            select h.generation, h.version, h.shard, h.previous_generation, h.previous_version, h.previous_shard, h.previous_position, p.last_seq_id
            from projection_heads h
            join mt_event_progression p on p.name = h.shard
            where h.projection = $1),
        moved as (
            update projection_heads h
            set generation = n.previous_generation, version = n.previous_version, shard = n.previous_shard, epoch = h.epoch + 1,
                previous_generation = n.generation, previous_version = n.version, previous_shard = n.shard, previous_position = n.last_seq_id,
                rolled_back_at = case when n.previous_generation < n.generation then now() end
            from now_live n
            where h.projection = $1)
        insert into mt_event_progression as p (name, last_seq_id)
        select n.previous_shard, n.previous_position
        from now_live n
        on conflict (name) do update
        set last_seq_id = excluded.last_seq_id, last_updated = transaction_timestamp()
        returning last_seq_id
        """;

    private const string HasPreviousSql =
        """
        select h.previous_generation is not null
           and not exists (select from projection_builds b where b.projection = $1 and b.state in ('copying', 'indexing', 'catching_up', 'comparing'))
        from projection_heads h
        where h.projection = $1
        """;

    /// <summary>Back to the tables that the last switch replaced, as they were then; they catch up from there. Doing it again goes forward again.</summary>
    /// <returns>False when there is nothing to go back to, or a rebuild is under way.</returns>
    public async Task<bool> RollBackAsync(Projection projection, CancellationToken ct)
    {
        await using (var command = dataSource.CreateCommand(HasPreviousSql))
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection.Name });
            if (await command.ExecuteScalarAsync(ct) is not true)
                return false;
        }

        await RetryAsync(
            async connection =>
            {
                await LockAsync(connection, projection, ct);
                await MoveTablesAsync(connection, projection, schemas.Previous, ct);
                await using var command = new NpgsqlCommand(RollBackSql, connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = projection.Name } } };
                var position = (long)(await command.ExecuteScalarAsync(ct))!;
                await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Tell($"={position} {projection.Name}") } };
                await batch.ExecuteNonQueryAsync(ct);
            },
            ct);
        return true;
    }

    /// <summary>Throws away what a build that does not take over has made.</summary>
    public async Task DropNextAsync(Projection projection, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await ExecuteAsync(connection, string.Join(' ', projection.Tables.Select(t => $"drop table if exists {schemas.Next}.{t};")), ct);
    }

    // The names are this build's own constants and the configured schema, which takes only letters, digits and underscores.
    private async Task MoveTablesAsync(NpgsqlConnection connection, Projection projection, string from, CancellationToken ct)
    {
        foreach (var table in projection.Tables)
        {
            await ExecuteAsync(connection, $"select clone_table_security('{schemas.Live}.{table}', '{from}.{table}')", ct);
            // Indexes go with their tables and have the same names on both sides, so the two are never in one schema at once:
            // the one that comes waits in a schema of its own while the one that goes leaves.
            await ExecuteAsync(connection, $"drop table if exists {schemas.Previous}.{table}", ct, when: from == schemas.Next);
            await ExecuteAsync(connection, $"drop table if exists {schemas.Next}.{table}", ct, when: from == schemas.Previous);
            await ExecuteAsync(connection, $"alter table {schemas.Previous}.{table} set schema {schemas.Next}", ct, when: from == schemas.Previous);
            await ExecuteAsync(connection, $"alter table {schemas.Live}.{table} set schema {schemas.Previous}", ct);
            await ExecuteAsync(connection, $"alter table {schemas.Next}.{table} set schema {schemas.Live}", ct);
        }
    }

    private static async Task<long> LockAsync(NpgsqlConnection connection, Projection projection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(LockSql, connection) { Parameters = { new NpgsqlParameter<string> { TypedValue = projection.Name } } };
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private async Task RetryAsync(Func<NpgsqlConnection, Task> move, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await dataSource.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            try
            {
                await ExecuteAsync(connection, BrieflySql, ct);
                await move(connection);
                await transaction.CommitAsync(ct);
                return;
            }
            catch (PostgresException error) when (attempt < MostTries && error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                await transaction.RollbackAsync(ct);
                await Task.Delay(Pause, time, ct);
            }
        }
    }

    private const string TellSql =
        """
        select pg_notify('events_projected', $1)
        """;

    private static NpgsqlBatchCommand Tell(string message) => new(TellSql) { Parameters = { new NpgsqlParameter<string> { TypedValue = message } } };

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct, bool when = true)
    {
        if (!when)
            return;
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
