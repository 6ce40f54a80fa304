using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>The records of rebuilds. Each is driven by one process at a time, under a lease; another goes on where it stopped.</summary>
internal sealed class ProjectionBuilds(NpgsqlDataSource dataSource, ProjectionOptions options)
{
    private const string Columns =
        """
        b.projection, b.generation, b.version, b.state, b.switches, b.passes, b.passes_done, b.events_total, b.events_done, b.ceiling, b.position,
        b.rows_written, b.rows_compared, b.rows_different, b.differences::text, b.throttled, b.started_at, b.finished_at, b.error
        """;

    // The lock on the head orders two that begin at once: the second finds the first's build.
    private const string BeginSql =
        $"""
        with head as (
            select h.projection, h.generation, p.last_seq_id as position
            from projection_heads h
            join mt_event_progression p on p.name = h.shard
            where h.projection = $1
            for update of h),
        bounds as (
            select head.projection,
                   greatest(head.generation, coalesce((select max(o.generation) from projection_builds o where o.projection = $1), 0)) + 1 as generation,
                   -- Where the live tables are, so that both can be compared; what they have not seen yet is followed page by page. Where that
                   -- would be long, or there is nothing live yet, everything that is complete.
                   case when head.position > 0 and head.position >= $8 - 10000 then head.position else greatest(head.position, $8) end as ceiling
            from head)
        insert into projection_builds as b (projection, generation, version, state, switches, passes, events_total, ceiling, owner, lease_until, started_by)
        select o.projection, o.generation, $2, 'copying', $3, $4,
               -- Positions are dense but for dead gaps; counting events would cost a scan.
               o.ceiling, o.ceiling, $5, now() + $6, $7
        from bounds o
        where not exists (select from projection_builds a where a.projection = $1 and a.state in ('copying', 'indexing', 'catching_up', 'comparing'))
        returning {Columns}
        """;

    /// <param name="complete">Every event up to here is in the store.</param>
    /// <returns>Null when a rebuild of the projection is under way.</returns>
    public async Task<ProjectionBuild?> BeginAsync(Projection projection, bool switches, int passes, long complete, Guid owner, string startedBy, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(BeginSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = projection.Version });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = switches });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = passes });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = startedBy });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = complete });
        try
        {
            return (await ReadAsync(command, ct)).SingleOrDefault();
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another began at the same moment: its generation was not visible yet when ours was chosen.
            return null;
        }
    }

    private const string ResumeSql =
        $"""
        update projection_builds b
        set owner = $2, lease_until = now() + $3
        where b.projection = $1
          and b.state in ('copying', 'indexing', 'catching_up', 'comparing')
          and b.lease_until < now()
        returning {Columns}
        """;

    /// <returns>Null when there is nothing to go on with, or a living process drives it.</returns>
    public async Task<ProjectionBuild?> ResumeAsync(string projection, Guid owner, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ResumeSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        return (await ReadAsync(command, ct)).SingleOrDefault();
    }

    private const string LetGoSql =
        """
        update projection_builds
        set owner = null, lease_until = now() - interval '1 second'
        where projection = $1 and generation = $2
        """;

    /// <summary>Whoever looks next goes on with it.</summary>
    public async Task LetGoAsync(ProjectionBuild build, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(LetGoSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = build.Projection });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = build.Generation });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string LatestSql =
        $"""
        select {Columns}
        from projection_builds b
        where b.generation = (select max(o.generation) from projection_builds o where o.projection = b.projection)
        order by b.projection
        """;

    public async Task<IReadOnlyList<ProjectionBuild>> LatestAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(LatestSql);
        return await ReadAsync(command, ct);
    }

    private const string BeatSql =
        """
        update projection_builds
        set lease_until = now() + $4, events_done = greatest(events_done, $5), throttled = $6
        where projection = $1 and generation = $2 and owner = $3 and state in ('copying', 'indexing', 'catching_up', 'comparing')
        """;

    /// <returns>False: the build was cancelled, or belongs to another process.</returns>
    public async Task<bool> BeatAsync(ProjectionBuild build, Guid owner, long eventsDone, TimeSpan throttled, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(BeatSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = build.Projection });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = build.Generation });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = eventsDone });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = throttled });
        return await command.ExecuteNonQueryAsync(ct) > 0;
    }

    private const string MoveSql =
        """
        update projection_builds
        set state = $3, passes_done = greatest(passes_done, $4), position = greatest(position, $5), rows_written = rows_written + $6,
            finished_at = case when $3 in ('switched', 'verified', 'failed', 'cancelled') then now() end, error = $7
        where projection = $1 and generation = $2 and state in ('copying', 'indexing', 'catching_up', 'comparing')
        """;

    /// <summary>The statement that takes a build on, for the transaction that does what it tells of.</summary>
    public static NpgsqlBatchCommand Move(ProjectionBuild build, string state, int passesDone = 0, long position = 0, long rowsWritten = 0, string? error = null) => new(MoveSql)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = build.Projection },
            new NpgsqlParameter<int> { TypedValue = build.Generation },
            new NpgsqlParameter<string> { TypedValue = state },
            new NpgsqlParameter<int> { TypedValue = passesDone },
            new NpgsqlParameter<long> { TypedValue = position },
            new NpgsqlParameter<long> { TypedValue = rowsWritten },
            new NpgsqlParameter { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
        },
    };

    public async Task MoveAsync(ProjectionBuild build, string state, string? error, CancellationToken ct)
    {
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(Move(build, state, error: error));
        await batch.ExecuteNonQueryAsync(ct);
    }

    private const string ComparedSql =
        """
        update projection_builds
        set rows_compared = $3, rows_different = $4, differences = $5::jsonb
        where projection = $1 and generation = $2
        """;

    public async Task ComparedAsync(ProjectionBuild build, TableDifferences found, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ComparedSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = build.Projection });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = build.Generation });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = found.RowsCompared });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = found.RowsDifferent });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = found.Json });
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<List<ProjectionBuild>> ReadAsync(NpgsqlCommand command, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        var builds = new List<ProjectionBuild>();
        while (await reader.ReadAsync(ct))
        {
            builds.Add(new ProjectionBuild(
                reader.GetString(0),
                reader.GetInt32(1),
                reader.GetInt32(2),
                reader.GetString(3),
                reader.GetBoolean(4),
                reader.GetInt32(5),
                reader.GetInt32(6),
                reader.GetInt64(7),
                reader.GetInt64(8),
                reader.GetInt64(9),
                reader.GetInt64(10),
                reader.GetInt64(11),
                reader.IsDBNull(12) ? null : reader.GetInt64(12),
                reader.IsDBNull(13) ? null : reader.GetInt64(13),
                reader.GetString(14),
                reader.GetTimeSpan(15),
                reader.GetFieldValue<DateTimeOffset>(16),
                reader.IsDBNull(17) ? null : reader.GetFieldValue<DateTimeOffset>(17),
                reader.IsDBNull(18) ? null : reader.GetString(18)));
        }

        return builds;
    }
}
