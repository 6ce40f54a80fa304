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
    EventTypes types,
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
    private const int IndexLanes = 2;
    private const int NearEvents = 500;
    private const int PageEvents = 5_000;
    private const int CopyBytes = 1 << 16;

    private const string StreamsSql =
        """
        select greatest(c.reltuples::bigint, 0)
        from pg_class c
        where c.oid = 'mt_streams'::regclass
        """;

    /// <returns>Null when a rebuild of it is under way.</returns>
    public async Task<ProjectionBuild?> BeginAsync(Projection projection, bool switches, Guid owner, string startedBy, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(StreamsSql);
        var streams = (long)(await command.ExecuteScalarAsync(ct))!;
        var passes = (int)Math.Max(1, (streams + options.RebuildStreams - 1) / options.RebuildStreams);
        return await builds.BeginAsync(projection, switches, passes, owner, startedBy, ct);
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
            await CopyAsync(projection, build, script, progress, ct);
            build = build with { State = BuildStates.Indexing };
        }

        if (build.State == BuildStates.Indexing)
        {
            await IndexAsync(projection, build, script, ct);
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
        await takeOver.TakeOverAsync(projection, build, target, position, ct);
    }

    // One set of streams after the other, each whole, so that memory is bounded by a set. A set's rows and the record that it is
    // done are one transaction: after a crash, what is not recorded left no row.
    private async Task CopyAsync(Projection projection, ProjectionBuild build, ProjectionScript script, BuildProgress progress, CancellationToken ct)
    {
        var throttle = new RebuildThrottle(dataSource, options, time);
        var skips = await ExclusionsAsync(projection, build, ct);
        for (var pass = build.PassesDone; pass < build.Passes; pass++)
        {
            var (fold, ledger, poison) = await FoldAsync(projection, build, pass, skips, throttle, progress, ct);
            await using var connection = await dataSource.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await schemas.EnterAsync(connection, ct);
            if (pass == 0)
                await CreateTablesAsync(connection, projection, script, ct);
            var rows = 0L;
            foreach (var copy in fold.Copies())
                rows += await CopyInAsync(connection, copy, frozen: pass == 0, ct);

            await using var batch = new NpgsqlBatch(connection);
            fold.Save(batch);
            LedgerSql.Add(batch, [(projection.Name, build.Generation, ledger)]);
            ParkedSql.Add(batch, poison);
            var last = pass == build.Passes - 1;
            batch.BatchCommands.Add(ProjectionBuilds.Move(build, last ? BuildStates.Indexing : BuildStates.Copying, pass + 1, last ? build.Ceiling : 0, rows));
            await batch.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
        }
    }

    private async Task<(BulkFold Fold, LedgerPart Ledger, List<PoisonEvent> Poison)> FoldAsync(
        Projection projection, ProjectionBuild build, int pass, Exclusions skips, RebuildThrottle throttle, BuildProgress progress, CancellationToken ct)
    {
        var poison = new List<PoisonEvent>();
        var excluded = skips;
        var head = new ProjectionHead(projection.Name, projection.Shard, build.Version, build.Generation, 0, 0);
        while (true)
        {
            var folding = new BulkFolding(projection, head, excluded);
            var copyReader = new EventCopyReader(types, projection);
            await using var connection = await dataSource.OpenConnectionAsync(ct);
            for (var after = 0L; after < build.Ceiling; after += options.RebuildChunk)
            {
                await throttle.PassAsync(ct);
                progress.Throttled = throttle.Throttled;
                var upTo = Math.Min(after + options.RebuildChunk, build.Ceiling);
                await copyReader.ReadAsync(connection, after, upTo, build.Passes, pass, folding.Fold, ct);
                progress.EventsDone = (build.EventsTotal * pass / build.Passes) + (upTo * build.EventsTotal / Math.Max(1, build.Ceiling) / build.Passes);
            }

            if (folding.Poison.Count == 0)
                return (folding.Rows, folding.Ledger, poison);

            // Again without the streams that failed: a fold that threw may have changed half a row.
            excluded = excluded.Copy();
            foreach (var one in folding.Poison)
                excluded.Park(one.Stream, one.Version);
            poison.AddRange(folding.Poison);
        }
    }

    private async Task CreateTablesAsync(NpgsqlConnection connection, Projection projection, ProjectionScript script, CancellationToken ct)
    {
        var drops = string.Join('\n', projection.Tables.Select(t => $"drop table if exists {schemas.Next}.{t};"));
        // Comes before everything that a former build of this generation may have left: its ledger was rolled back with its rows.
        await using var command = new NpgsqlCommand($"{drops}\n{script.Tables}", connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<long> CopyInAsync(NpgsqlConnection connection, BulkCopy copy, bool frozen, CancellationToken ct)
    {
        // Into a table of this very transaction rows may come frozen: no reader has to visit them again to say that they are visible.
        var sql = frozen ? copy.Sql.Replace("(format binary)", "(format binary, freeze)", StringComparison.Ordinal) : copy.Sql;
        await using var stream = await connection.BeginRawBinaryCopyAsync(sql, ct);
        var buffer = new CopyBuffer();
        buffer.Header();
        var rows = 0L;
        foreach (var written in copy.Rows(buffer))
        {
            rows += written;
            if (buffer.Length < CopyBytes)
                continue;
            await stream.WriteAsync(buffer.Written, ct);
            buffer.Clear();
        }

        buffer.Trailer();
        await stream.WriteAsync(buffer.Written, ct);
        return rows;
    }

    private async Task IndexAsync(Projection projection, ProjectionBuild build, ProjectionScript script, CancellationToken ct)
    {
        var waiting = new Queue<string>(script.Indexes);
        await Task.WhenAll(Enumerable.Range(0, IndexLanes).Select(_ => LaneAsync()));
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await schemas.EnterAsync(connection, ct);
        foreach (var constraint in script.Constraints)
            await ExecuteAsync(connection, constraint, ct);
        foreach (var table in projection.Tables)
            await ExecuteAsync(connection, $"analyze {schemas.Next}.{table}", ct);
        await using (var batch = new NpgsqlBatch(connection) { BatchCommands = { ProjectionBuilds.Move(build, BuildStates.CatchingUp) } })
            await batch.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);

        async Task LaneAsync()
        {
            await using var lane = await dataSource.OpenConnectionAsync(ct);
            while (true)
            {
                string index;
                lock (waiting)
                {
                    if (!waiting.TryDequeue(out index!))
                        return;
                }

                await using var transaction = await lane.BeginTransactionAsync(ct);
                await schemas.EnterAsync(lane, ct);
                await ExecuteAsync(lane, index, ct);
                await transaction.CommitAsync(ct);
            }
        }
    }

    /// <summary>Page by page until the live position is near; it is the furthest that is known to be complete.</summary>
    private async Task<long> FollowAsync(Projection projection, ProjectionBuild build, PageTarget target, Guid owner, long position, CancellationToken ct)
    {
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

    private const string ExportSql =
        """
        select pg_export_snapshot()
        """;

    private async Task<long> CompareAsync(Projection projection, ProjectionBuild build, PageTarget target, Guid owner, long position, CancellationToken ct)
    {
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

/// <summary>Written by the work, read by the heartbeat.</summary>
internal sealed class BuildProgress(long eventsDone)
{
    private long done = eventsDone;
    private long throttledTicks;

    public long EventsDone
    {
        get => Volatile.Read(ref done);
        set => Volatile.Write(ref done, value);
    }

    public TimeSpan Throttled
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref throttledTicks));
        set => Volatile.Write(ref throttledTicks, value.Ticks);
    }
}
