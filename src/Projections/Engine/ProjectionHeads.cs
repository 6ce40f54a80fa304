using Npgsql;

namespace Events.Projections.Engine;

/// <summary>Who feeds which projection: a lease a projection, in a row, so that it also works behind a pooler.</summary>
internal sealed class ProjectionHeads(NpgsqlDataSource dataSource, IEnumerable<Projection> projections, ProjectionOptions options)
{
    private readonly Projection[] known = [.. projections];

    private const string RegisterSql =
        """
        with added as (
            insert into projection_heads (projection, shard, version)
            select *
            from unnest($1::varchar[], $2::varchar[], $3::int[])
            on conflict (projection) do nothing)
        insert into mt_event_progression (name, last_seq_id)
        select s.shard, 0
        from unnest($1::varchar[], $2::varchar[]) as s (projection, shard)
        where not exists (select from projection_heads h where h.projection = s.projection)
        on conflict (name) do nothing
        """;

    /// <summary>Makes the rows of projections that this database has not seen; they begin at the first event.</summary>
    public async Task RegisterAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(RegisterSql);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. known.Select(p => p.Name)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. known.Select(p => p.Shard)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. known.Select(p => p.Version)] });
        await command.ExecuteNonQueryAsync(ct);
    }

    // Ordered locks, so that two processes claiming at once cannot wait for each other in a circle. A live lease of another is
    // skipped, not waited for. The epoch rises only when the owner changes: renewing does not disturb a page on its way.
    private const string ClaimSql =
        """
        with free as (
            select h.projection
            from projection_heads h
            join unnest($2::varchar[], $3::int[]) as k (projection, version) on k.projection = h.projection and k.version = h.version
            where h.owner = $1 or h.owner is null or h.lease_until < now()
            order by h.projection
            for update of h skip locked),
        claimed as (
            update projection_heads h
            set epoch = case when h.owner is distinct from $1 then h.epoch + 1 else h.epoch end,
                owner = $1, owner_name = $4, lease_until = now() + $5
            from free f
            where h.projection = f.projection
            returning h.projection, h.shard, h.version, h.generation, h.epoch, h.paused_at, h.rolled_back_at)
        select c.projection, c.shard, c.version, c.generation, c.epoch, p.last_seq_id,
               c.rolled_back_at is not null or exists (
                   select from projection_builds b
                   where b.projection = c.projection and b.state = 'failed'
                     and b.generation = (select max(o.generation) from projection_builds o where o.projection = c.projection))
        from claimed c
        join mt_event_progression p on p.name = c.shard
        where c.paused_at is null
        order by c.projection
        """;

    /// <summary>Takes what is free and renews what is ours.</summary>
    /// <returns>All that this process owns now and may feed: paused ones are owned but not in it.</returns>
    public async Task<IReadOnlyList<ProjectionHead>> ClaimAsync(Guid owner, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ClaimSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = owner });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. known.Select(p => p.Name)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. known.Select(p => p.Version)] });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"{Environment.MachineName}/{Environment.ProcessId}" });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = options.Lease });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var heads = new List<ProjectionHead>();
        while (await reader.ReadAsync(ct))
            heads.Add(new ProjectionHead(reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt64(4), reader.GetInt64(5)) { FedAnyway = reader.GetBoolean(6) });
        return heads;
    }

    private const string ReleaseSql =
        """
        update projection_heads
        set owner = null, lease_until = null
        where owner = $1
        """;

    /// <summary>On the way out: another process takes over at once.</summary>
    public async Task ReleaseAsync(Guid owner, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ReleaseSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = owner });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string PositionsSql =
        """
        select h.projection, p.last_seq_id
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        """;

    public async Task<IReadOnlyDictionary<string, long>> PositionsAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(PositionsSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var positions = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(ct))
            positions[reader.GetString(0)] = reader.GetInt64(1);
        return positions;
    }

    private const string ParkedSql =
        """
        select k.projection, k.tenant_id, k.stream_id, k.version
        from projection_parked k
        join projection_heads h on h.projection = k.projection and h.generation = k.generation
        union all
        select s.projection, s.tenant_id, s.stream_id, -s.version
        from projection_skips s
        """;

    /// <summary>What the live tables leave out.</summary>
    public async Task<Dictionary<string, Exclusions>> ExclusionsAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ParkedSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var exclusions = new Dictionary<string, Exclusions>(StringComparer.Ordinal);
        while (await reader.ReadAsync(ct))
        {
            var name = reader.GetString(0);
            if (!exclusions.TryGetValue(name, out var found))
                exclusions.Add(name, found = new Exclusions());
            var stream = new StreamKey(new(reader.GetString(1)), reader.GetGuid(2));
            var version = reader.GetInt64(3);
            if (version > 0)
                found.Park(stream, version);
            else
                found.Skip(stream, -version);
        }

        return exclusions;
    }
}
