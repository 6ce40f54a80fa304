using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Events.EventStore;
using Events.Platform.Pacing;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// The bulk of a rebuild: copies events out, folds them in memory, copies rows in. A set of streams after the other, each whole, so
/// that memory is bounded by a set; of one set, every lane folds a share of the streams.
/// </summary>
internal sealed class BulkCopying(NpgsqlDataSource dataSource, EventTypes types, Schemas schemas, ProjectionOptions options, ForegroundLoad foreground, TimeProvider time)
{
    private const int WriteBytes = 1 << 16;
    private const int BatchesAhead = 4;
    private const int RenderedAhead = 3;
    private const int RowsBetweenBreaths = 64;

    /// <summary>Until every event up to the build's ceiling is in its tables.</summary>
    /// <param name="cores">To keep busy, of which the server's reading takes about half.</param>
    public async Task RunAsync(Projection projection, ProjectionBuild build, ProjectionScript script, Exclusions skips, int cores, BuildProgress progress, CancellationToken ct)
    {
        for (var pass = build.PassesDone; pass < build.Passes; pass++)
        {
            var set = await FoldAsync(projection, build, pass, skips, cores, progress, ct);
            await CopyAsync(projection, build, script, pass, set, cores > 1 ? RenderedAhead : 1, ct);
        }
    }

    private sealed record FoldedSet(BulkFold Rows, LedgerPart Ledger, IReadOnlyList<PoisonEvent> Poison);

    private async Task<FoldedSet> FoldAsync(Projection projection, ProjectionBuild build, int pass, Exclusions skips, int cores, BuildProgress progress, CancellationToken ct)
    {
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild fold");
        var (width, readers) = ((cores + 1) / 2, Math.Min(cores, 2));
        var poison = new List<PoisonEvent>();
        var excluded = skips;
        var head = new ProjectionHead(projection.Name, projection.Shard, build.Version, build.Generation, 0, 0);
        while (true)
        {
            progress.EventsDone = build.EventsTotal * pass / build.Passes;
            var lanes = Enumerable.Range(0, width).Select(_ => new BulkFolding(projection, head, excluded)).ToArray();
            await Task.WhenAll(lanes.Select((lane, i) => Task.Run(() => FoldShareAsync(projection, build, lane, new StreamShare(build.Passes, pass, width, i), readers, progress, ct), ct)));
            var found = lanes.SelectMany(l => l.Poison).ToList();
            if (found.Count == 0)
                return Join(lanes, poison);

            // Again without the streams that failed: a fold that threw may have changed half a row.
            excluded = excluded.Copy();
            foreach (var one in found)
                excluded.Park(one.Stream, one.Version);
            poison.AddRange(found);
        }
    }

    private static FoldedSet Join(BulkFolding[] lanes, List<PoisonEvent> poison)
    {
        var (rows, ledger) = (lanes[0].Rows, lanes[0].Ledger);
        foreach (var lane in lanes.Skip(1))
        {
            rows.Absorb(lane.Rows);
            ledger.Add(lane.Ledger);
        }

        return new FoldedSet(rows, ledger, poison);
    }

    // The events of one range are folded while the next ranges are read: in order, without waiting for the server.
    private async Task FoldShareAsync(Projection projection, ProjectionBuild build, BulkFolding folding, StreamShare share, int readers, BuildProgress progress, CancellationToken ct)
    {
        var throttle = new RebuildThrottle(dataSource, options, time);
        var reader = new EventCopyReader(types, projection);
        var pace = new RebuildPace(foreground, time);
        var spare = new ConcurrentQueue<byte[]>();
        var ranges = new Queue<EventRange>();
        try
        {
            for (long begun = 0, folded = 0; folded < build.Ceiling; folded += options.RebuildChunk)
            {
                for (; begun < build.Ceiling && ranges.Count < readers; begun += options.RebuildChunk)
                {
                    await throttle.PassAsync(ct);
                    progress.Throttle(throttle.Throttled);
                    var sql = reader.CopySql(begun, Math.Min(begun + options.RebuildChunk, build.Ceiling), share);
                    var range = new EventRange(dataSource, sql, spare);
                    ranges.Enqueue(readers > 1 ? range.Ahead(new RebuildPace(foreground, time)) : range);
                }

                await using var next = ranges.Dequeue();
                var batches = reader.BatchesAsync(next, ct);
                await foreach (var batch in readers > 1 ? AheadAsync(batches, ct) : batches)
                {
                    foreach (var recorded in batch.Events)
                        folding.Fold(recorded);
                    spare.Enqueue(batch.Block);
                    await pace.BreatheAsync(ct);
                }

                progress.Add((Math.Min(folded + options.RebuildChunk, build.Ceiling) - folded) / (share.Sets * share.Lanes));
            }
        }
        finally
        {
            foreach (var range in ranges)
                await range.DisposeAsync();
        }

        folding.Close();
    }

    // One thread parses while another folds, no further behind it than a few blocks: most events are garbage before anybody looks for it.
    private static async IAsyncEnumerable<EventBatch> AheadAsync(IAsyncEnumerable<EventBatch> batches, [EnumeratorCancellation] CancellationToken ct)
    {
        var parsed = Channel.CreateBounded<EventBatch>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var parsing = Task.Run(() => ParseAsync(batches, parsed.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var batch in parsed.Reader.ReadAllAsync(ct))
                yield return batch;
        }
        finally
        {
            await stop.CancelAsync();
            await parsing;
        }
    }

    private static async Task ParseAsync(IAsyncEnumerable<EventBatch> batches, ChannelWriter<EventBatch> parsed, CancellationToken ct)
    {
        try
        {
            await foreach (var batch in batches.WithCancellation(ct))
                await parsed.WriteAsync(batch, ct);
            parsed.Complete();
        }
        catch (Exception error)
        {
            parsed.Complete(error);
        }
    }

    // A set's rows and the record that it is done are one transaction: after a crash, what is not recorded left no row.
    private async Task CopyAsync(Projection projection, ProjectionBuild build, ProjectionScript script, int pass, FoldedSet set, int ahead, CancellationToken ct)
    {
        using var activity = ProjectionTelemetry.Source.StartActivity("rebuild copy");
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await schemas.EnterAsync(connection, ct);
        if (pass == 0)
            await CreateTablesAsync(connection, projection, script, ct);
        var rows = 0L;
        foreach (var copy in set.Rows.Copies())
            rows += await CopyInAsync(connection, copy, frozen: pass == 0, ahead, ct);

        await using var batch = new NpgsqlBatch(connection);
        set.Rows.Save(batch);
        LedgerSql.Add(batch, set.Ledger.Entries.ToDictionary(e => new LedgerKey(projection.Name, build.Generation, e.Key.Value), e => e.Value));
        ParkedSql.Add(batch, set.Poison);
        var last = pass == build.Passes - 1;
        batch.BatchCommands.Add(ProjectionBuilds.Move(build, last ? BuildStates.Indexing : BuildStates.Copying, pass + 1, last ? build.Ceiling : 0, rows));
        await batch.ExecuteNonQueryAsync(ct);
        if (last)
            await AnalyzeAsync(connection, projection, ct);
        await transaction.CommitAsync(ct);
    }

    private async Task CreateTablesAsync(NpgsqlConnection connection, Projection projection, ProjectionScript script, CancellationToken ct)
    {
        var drops = string.Join('\n', projection.Tables.Select(t => $"drop table if exists {schemas.Next}.{t};"));
        // Comes before everything that a former build of this generation may have left: its ledger was rolled back with its rows.
        await using var command = new NpgsqlCommand($"{drops}\n{script.Tables}", connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    // A tenth of the usual sample: looking at all rows of all columns takes as long as several indexes. The rows count as new when this
    // transaction commits, so that the autovacuum looks again, thoroughly, while the tables serve already.
    private async Task AnalyzeAsync(NpgsqlConnection connection, Projection projection, CancellationToken ct)
    {
        var tables = string.Join(", ", projection.Tables.Select(t => $"{schemas.Next}.{t}"));
        await using var command = new NpgsqlCommand($"set local default_statistics_target = 10; analyze {tables}", connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    // The next rows are rendered while the server takes the last ones: by two at once where nobody else needs the cores, for the server
    // takes them faster than one renders.
    private async Task<long> CopyInAsync(NpgsqlConnection connection, BulkTable table, bool frozen, int ahead, CancellationToken ct)
    {
        // Into a table of this very transaction rows may come frozen: no reader has to visit them again to say that they are visible.
        var sql = frozen ? table.Sql.Replace("(format binary)", "(format binary, freeze)", StringComparison.Ordinal) : table.Sql;
        var spare = new ConcurrentQueue<CopyBuffer>();
        var rendering = new Queue<Task<(CopyBuffer Buffer, long Rows)>>();
        var rows = 0L;
        await using var stream = await connection.BeginRawBinaryCopyAsync(sql, ct);
        var pace = new RebuildPace(foreground, time);
        var ends = new CopyBuffer();
        ends.Header();
        await stream.WriteAsync(ends.Take(), ct);
        for (var begun = 0; begun < table.Parts.Count || rendering.Count > 0;)
        {
            for (; begun < table.Parts.Count && rendering.Count < ahead; begun++)
            {
                var part = table.Parts[begun];
                rendering.Enqueue(Task.Run(() => RenderAsync(part, spare.TryDequeue(out var used) ? used : new CopyBuffer(), ct), ct));
            }

            var (buffer, written) = await rendering.Dequeue();
            rows += written;
            for (var bytes = buffer.Take(); bytes.Count > 0; bytes = bytes[Math.Min(WriteBytes, bytes.Count)..])
            {
                await stream.WriteAsync(bytes[..Math.Min(WriteBytes, bytes.Count)], ct);
                await pace.BreatheAsync(ct);
            }

            spare.Enqueue(buffer);
        }

        ends.Trailer();
        await stream.WriteAsync(ends.Take(), ct);
        return rows;
    }

    private async Task<(CopyBuffer Buffer, long Rows)> RenderAsync(Func<CopyBuffer, IEnumerable<int>> part, CopyBuffer buffer, CancellationToken ct)
    {
        var pace = new RebuildPace(foreground, time);
        long rows = 0, breath = RowsBetweenBreaths;
        foreach (var written in part(buffer))
        {
            rows += written;
            if (rows < breath)
                continue;
            breath = rows + RowsBetweenBreaths;
            await pace.BreatheAsync(ct);
        }

        return (buffer, rows);
    }
}
