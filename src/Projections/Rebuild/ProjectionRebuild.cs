using System.Data;
using System.Diagnostics;
using Events.EventStore;
using Events.Projections.Engine;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// Drives a build of one projection: copies events out, folds them in memory, copies rows in, makes the indexes, follows the
/// live position, compares with the live tables, and takes their place. Every step is recorded in the transaction that does it, so
/// that another process goes on where this one stopped.
/// </summary>
internal sealed partial class ProjectionRebuild(
    NpgsqlDataSource dataSource,
    BulkCopying copying,
    NextIndexes indexes,
    EventReader reader,
    ProjectionHeads heads,
    ProjectionBuilds builds,
    Schemas schemas,
    PageWriter writer,
    ProjectionSwitch takeOver,
    TableComparison comparison,
    ProjectionOptions options,
    TimeProvider time,
    ILogger<ProjectionRebuild> logger)
{
    private const int MostLanes = 4;
    private const int NearEvents = 500;
    private const int PageEvents = 5_000;

    private const string StreamsSql =
        """
        select greatest(c.reltuples::bigint, 0)
        from pg_class c
        where c.oid = 'mt_streams'::regclass
        """;

    // Where nobody follows the store, or has yet to write down how far it is complete: positions without a hole between them are, whoever
    // wrote them. What comes behind a hole that may still be filled is left to whoever follows.
    private const string CompleteSql =
        """
        with mark as (
            select coalesce(max(p.last_seq_id), 0) as position
            from mt_event_progression p
            where p.name = 'HighWaterMark'),
        steps as (
            select e.seq_id, lag(e.seq_id, 1, m.position) over (order by e.seq_id) as before
            from mark m
            join mt_events e on e.seq_id > m.position),
        hole as (
            select s.before
            from steps s
            where s.seq_id <> s.before + 1
              and not exists (select from mt_high_water_skips k where k.starting_sequence <= s.before + 1 and k.ending_sequence >= s.seq_id - 1)
            order by s.seq_id
            limit 1)
        select coalesce((select h.before from hole h), (select max(s.seq_id) from steps s), (select m.position from mark m))
        """;

    private async Task<long> CompleteAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(CompleteSql);
        command.CommandTimeout = 0;
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <returns>Null when a rebuild of it is under way.</returns>
    public async Task<ProjectionBuild?> BeginAsync(Projection projection, bool switches, Guid owner, string startedBy, CancellationToken ct)
    {
        var complete = await CompleteAsync(ct);
        await using var command = dataSource.CreateCommand(StreamsSql);
        var streams = (long)(await command.ExecuteScalarAsync(ct))!;
        var passes = (int)Math.Max(1, (streams + options.RebuildStreams - 1) / options.RebuildStreams);
        return await builds.BeginAsync(projection, switches, passes, complete, owner, startedBy, ct);
    }

    /// <summary>Goes on from the state that the build is in until it has taken over, or has failed.</summary>
    public async Task RunAsync(Projection projection, ProjectionBuild build, Guid owner, CancellationToken ct)
    {
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild projection");
        activity?.SetTag("projection", projection.Name).SetTag("generation", build.Generation);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var progress = new BuildProgress(build.EventsDone);
        var beating = BeatAsync(build, owner, progress, lost);
        try
        {
            await RunAsync(projection, build, owner, progress, lost.Token);
            LogDone(projection.Name, build.Generation);
        }
        catch (Exception error) when (!lost.IsCancellationRequested)
        {
            LogFailed(error, projection.Name, build.Generation);
            await builds.MoveAsync(build, BuildStates.Failed, error.Message, CancellationToken.None);
            throw;
        }
        finally
        {
            await lost.CancelAsync();
            await beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAsync(Projection projection, ProjectionBuild build, Guid owner, BuildProgress progress, CancellationToken ct)
    {
        var script = ProjectionScript.Of(projection);
        if (build.State == BuildStates.Copying)
        {
            await copying.RunAsync(projection, build, script, await ExclusionsAsync(projection, build, ct), await LanesAsync(ct), progress, ct);
            build = build with { State = BuildStates.Indexing };
        }

        if (build.State == BuildStates.Indexing)
        {
            await indexes.RunAsync(projection, build, script, await LanesAsync(ct), ct);
            build = build with { State = BuildStates.CatchingUp, Position = build.Ceiling };
        }

        var exclusions = await ExclusionsAsync(projection, build, ct);
        var head = new ProjectionHead(projection.Name, projection.Shard, build.Version, build.Generation, 0, build.Position);
        var target = new PageTarget(projection, head, exclusions);
        var position = build.Position;
        if (build.State == BuildStates.CatchingUp)
        {
            position = await FollowAsync(projection, build, target, owner, position, ct);
            position = await CompareAsync(projection, build, target, owner, position, ct);
        }

        if (!build.Switches)
        {
            await takeOver.DropNextAsync(projection, ct);
            await builds.MoveAsync(build, BuildStates.Verified, error: null, ct);
            return;
        }

        position = await FollowAsync(projection, build, target, owner, position, ct);
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild switch");
        await takeOver.TakeOverAsync(projection, build, target, position, ct);
    }

    private const string ServingSql =
        """
        select exists (select from projection_heads h where h.lease_until > now())
        """;

    // Beside a service that people use, half of the cores at most: what waits for a core is somebody's list.
    private async Task<int> LanesAsync(CancellationToken ct)
    {
        if (options.RebuildLanes > 0)
            return options.RebuildLanes;
        await using var command = dataSource.CreateCommand(ServingSql);
        var serving = (bool)(await command.ExecuteScalarAsync(ct))!;
        return Math.Clamp(serving ? Environment.ProcessorCount / 2 : Environment.ProcessorCount, 1, MostLanes);
    }

    /// <summary>Page by page until the live position is near; it is the furthest that is known to be complete.</summary>
    private async Task<long> FollowAsync(Projection projection, ProjectionBuild build, PageTarget target, Guid owner, long position, CancellationToken ct)
    {
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild follow");
        while (true)
        {
            var live = (await heads.PositionsAsync(ct)).GetValueOrDefault(projection.Name);
            if (live <= position)
                return position;
            position = await CatchUpAsync(build, target, owner, position, live, ct);
            if (live - position < NearEvents && (await heads.PositionsAsync(ct)).GetValueOrDefault(projection.Name) - position < NearEvents)
                return position;
        }
    }

    private async Task<long> CatchUpAsync(ProjectionBuild build, PageTarget target, Guid owner, long position, long upTo, CancellationToken ct)
    {
        var page = new List<RecordedEvent>();
        await foreach (var recorded in reader.ReadAllAsync(position, EventFilter.All with { UpTo = upTo }, ct))
        {
            page.Add(recorded);
            if (page.Count < PageEvents)
                continue;
            await WriteAsync(recorded.Position);
            position = recorded.Position;
            page.Clear();
        }

        await WriteAsync(upTo);
        return upTo;

        async Task WriteAsync(long ceiling)
        {
            foreach (var one in await writer.WriteAsync([target], page, new BuildCommit(schemas, build, owner, position, ceiling), ct))
                target.Exclusions.Park(one.Stream, one.Version);
        }
    }

    private const string HoldSql =
        """
        select p.last_seq_id, h.version
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        where h.projection = $1
        for update of p
        """;

    // Each side is summed by one process: helpers of both would only take turns.
    private const string AloneSql =
        """
        select set_config('max_parallel_workers_per_gather', '0', true)
        """;

    private const string ExportSql =
        """
        select pg_export_snapshot()
        """;

    private async Task<long> CompareAsync(Projection projection, ProjectionBuild build, PageTarget target, Guid owner, long position, CancellationToken ct)
    {
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild compare");
        await using var live = await dataSource.OpenConnectionAsync(ct);
        await using var next = await dataSource.OpenConnectionAsync(ct);
        await using (var holding = await dataSource.OpenConnectionAsync(ct))
        {
            // While the live progress is held, the build comes level with it and a snapshot is taken: in it, both sides are at one
            // position, however long the comparison then takes.
            await using var hold = await holding.BeginTransactionAsync(ct);
            long at;
            int version;
            await using (var command = new NpgsqlCommand(HoldSql, holding) { Parameters = { new NpgsqlParameter<string> { TypedValue = projection.Name } } })
            await using (var row = await command.ExecuteReaderAsync(ct))
            {
                await row.ReadAsync(ct);
                (at, version) = (row.GetInt64(0), row.GetInt32(1));
            }

            // Another version's rows are meant to differ; and a build that is ahead has nothing to be compared with yet.
            if (version != build.Version || at < position)
                return position;
            if (at > position)
                position = await CatchUpAsync(build, target, owner, position, at, ct);
            await BeginSnapshotAsync(live, next, ct);
        }

        var found = await comparison.CompareAsync(live, next, projection, ct);
        await builds.ComparedAsync(build, found, ct);
        if (found.RowsDifferent > 0)
            LogDifferent(projection.Name, build.Generation, found.RowsDifferent);
        return position;
    }

    private static async Task BeginSnapshotAsync(NpgsqlConnection live, NpgsqlConnection next, CancellationToken ct)
    {
        // Both transactions end when their connections are returned: nothing is written in them.
        await live.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        await using var export = new NpgsqlCommand(ExportSql, live);
        var snapshot = (string)(await export.ExecuteScalarAsync(ct))!;
        await next.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        // The server made the name; SET takes no parameters.
        await ExecuteAsync(next, $"set transaction snapshot '{snapshot}'", ct);
        await ExecuteAsync(live, AloneSql, ct);
        await ExecuteAsync(next, AloneSql, ct);
    }

    private const string ExclusionsSql =
        """
        select k.tenant_id, k.stream_id, k.version, true
        from projection_parked k
        where k.projection = $1 and k.generation = $2
        union all
        select s.tenant_id, s.stream_id, s.version, false
        from projection_skips s
        where s.projection = $1
        """;

    private async Task<Exclusions> ExclusionsAsync(Projection projection, ProjectionBuild build, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ExclusionsSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = build.Generation });
        await using var row = await command.ExecuteReaderAsync(ct);
        var exclusions = new Exclusions();
        while (await row.ReadAsync(ct))
        {
            var stream = new StreamKey(new(row.GetString(0)), row.GetGuid(1));
            if (row.GetBoolean(3))
                exclusions.Park(stream, row.GetInt64(2));
            else
                exclusions.Skip(stream, row.GetInt64(2));
        }

        return exclusions;
    }

    // Says that this process lives, and writes down how far it is. Losing the lease stops the work.
    private async Task BeatAsync(ProjectionBuild build, Guid owner, BuildProgress progress, CancellationTokenSource lost)
    {
        using var timer = new PeriodicTimer(options.Heartbeat / 2, time);
        while (await timer.WaitForNextTickAsync(lost.Token))
        {
            if (!await builds.BeatAsync(build, owner, progress.EventsDone, progress.Throttled, lost.Token))
            {
                await lost.CancelAsync();
                return;
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Rebuilt {Projection} as generation {Generation}")]
    private partial void LogDone(string projection, int generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Projection} rebuilt as generation {Generation} differs from its live tables in {Rows} rows; status lists the first")]
    private partial void LogDifferent(string projection, int generation, long rows);

    [LoggerMessage(Level = LogLevel.Error, Message = "The rebuild of {Projection} as generation {Generation} failed")]
    private partial void LogFailed(Exception error, string projection, int generation);
}
