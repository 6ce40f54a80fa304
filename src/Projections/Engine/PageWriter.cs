using Events.EventStore;
using Npgsql;
using NpgsqlTypes;
using EventHash = Events.EventStore.Ledger.EventHash;

namespace Events.Projections.Engine;

/// <summary>A projection as it takes part in a page.</summary>
internal sealed record PageTarget(Projection Projection, ProjectionHead Head, Exclusions Exclusions);

/// <summary>How a page is committed beside the rows that it writes.</summary>
internal abstract class PageCommit
{
    /// <summary>Statements before those that load, each with one result.</summary>
    public virtual int BeforeLoad(NpgsqlBatch batch) => 0;

    /// <summary>Statements before those that write rows: what fails here leaves no row behind.</summary>
    public abstract void BeforeRows(NpgsqlBatch batch);
}

/// <summary>
/// Folds a page of events into all projections that stand at the same position, and commits rows and progress together:
/// one round trip to load what the page touches, one to write it.
/// </summary>
internal sealed class PageWriter(NpgsqlDataSource dataSource)
{
    /// <summary>Another owner, a switch or an operator came between: nothing was written.</summary>
    public const string LeaseGone = "PJ001";

    private const string BeforeSave = "before_save";

    /// <param name="targets">All at the same position.</param>
    /// <param name="events">All events above it up to where the commit takes them, in order.</param>
    /// <returns>What was parked by this page.</returns>
    /// <exception cref="PostgresException"><see cref="LeaseGone"/>.</exception>
    public async Task<IReadOnlyList<PoisonEvent>> WriteAsync(IReadOnlyList<PageTarget> targets, IReadOnlyList<RecordedEvent> events, PageCommit commit, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return await WriteAsync(connection, targets, events, commit, ct);
    }

    /// <summary>On a connection that may have a transaction of its own; then the page is part of it.</summary>
    /// <param name="transaction">The connection's own: rows that the tables will not take are taken back alone.</param>
    public async Task<IReadOnlyList<PoisonEvent>> WriteAsync(
        NpgsqlConnection connection,
        IReadOnlyList<PageTarget> targets,
        IReadOnlyList<RecordedEvent> events,
        PageCommit commit,
        CancellationToken ct,
        NpgsqlTransaction? transaction = null)
    {
        var poison = new List<PoisonEvent>();
        var excluded = targets.Select(t => t.Exclusions).ToArray();
        while (true)
        {
            var pages = new PageFold[targets.Count];
            var ledgers = new LedgerPart[targets.Count];
            for (var i = 0; i < targets.Count; i++)
                pages[i] = targets[i].Projection.OpenPage();
            await LoadAsync(connection, targets, excluded, pages, events, commit, ct);

            var found = Fold(targets, excluded, pages, ledgers, events);
            if (found.Count == 0)
            {
                if (transaction is not null)
                    await transaction.SaveAsync(BeforeSave, ct);
                try
                {
                    await SaveAsync(connection, targets, pages, ledgers, poison, commit, ct);
                    return poison;
                }
                catch (PostgresException error) when (IsOfTheData(error) && events.Count > 0)
                {
                    // First, so that the trials below do not wait for locks of rows that failed.
                    if (transaction is not null)
                        await transaction.RollbackAsync(BeforeSave, ct);
                    found = await FindUnwritableAsync(targets, excluded, events, commit, ct);
                    if (found.Count == 0)
                        throw;
                }
            }

            // From the beginning without the streams that failed: a fold that threw may have changed half a row.
            poison.AddRange(found);
            for (var i = 0; i < targets.Count; i++)
            {
                var mine = found.Where(p => p.Projection == targets[i].Head.Name).ToList();
                if (mine.Count == 0)
                    continue;
                excluded[i] = excluded[i].Copy();
                foreach (var one in mine)
                    excluded[i].Park(one.Stream, one.Version);
            }
        }
    }

    private static async Task LoadAsync(
        NpgsqlConnection connection, IReadOnlyList<PageTarget> targets, Exclusions[] excluded, PageFold[] pages, IReadOnlyList<RecordedEvent> events, PageCommit commit, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        var before = commit.BeforeLoad(batch);
        for (var i = 0; i < targets.Count; i++)
        {
            foreach (var recorded in events)
            {
                if (targets[i].Projection.Handles(recorded.Type) && !excluded[i].Excludes(KeyOf(recorded), recorded.Version))
                    pages[i].Touch(recorded);
            }

            pages[i].Load(batch);
        }

        if (batch.BatchCommands.Count == before)
            return;
        await using var reader = await batch.ExecuteReaderAsync(ct);
        for (; before > 0; before--)
            await reader.NextResultAsync(ct);
        foreach (var page in pages)
            await page.ReadAsync(reader, ct);
    }

    private static List<PoisonEvent> Fold(
        IReadOnlyList<PageTarget> targets, Exclusions[] excluded, PageFold[] pages, LedgerPart[] ledgers, IReadOnlyList<RecordedEvent> events)
    {
        var poison = new List<PoisonEvent>();
        var bad = new HashSet<StreamKey>();
        var hashes = events.Select(EventHash.Of).ToArray();
        for (var i = 0; i < targets.Count; i++)
        {
            bad.Clear();
            ledgers[i] = new LedgerPart();
            for (var n = 0; n < events.Count; n++)
            {
                var recorded = events[n];
                var stream = KeyOf(recorded);
                if (excluded[i].Excludes(stream, recorded.Version) || bad.Contains(stream))
                    continue;
                ledgers[i].Add(recorded.Tenant, hashes[n]);
                if (!targets[i].Projection.Handles(recorded.Type))
                    continue;
                try
                {
                    if (recorded.Body is UnreadableEvent or null)
                        throw new UnreadableEventException(recorded);
                    pages[i].Fold(recorded);
                }
                catch (Exception error)
                {
                    bad.Add(stream);
                    poison.Add(PoisonEvent.Of(targets[i].Head, recorded, error));
                }
            }
        }

        return poison;
    }

    private static async Task SaveAsync(
        NpgsqlConnection connection, IReadOnlyList<PageTarget> targets, PageFold[] pages, LedgerPart[] ledgers, List<PoisonEvent> poison, PageCommit commit, CancellationToken ct)
    {
        // Without an explicit transaction a batch is one transaction and one round trip.
        await using var batch = new NpgsqlBatch(connection);
        commit.BeforeRows(batch);
        foreach (var alike in targets.Zip(ledgers).GroupBy(t => t.Second, t => t.First.Head))
            LedgerSql.Note(batch, [.. alike], alike.Key);
        ParkedSql.Add(batch, poison);
        foreach (var page in pages)
            page.Save(batch);
        await batch.ExecuteNonQueryAsync(ct);
    }

    // Tried one stream at a time, in transactions that are rolled back, to find which one the tables will not take; of that stream, which
    // event they do not take is the one with which its events so far are refused first.
    private async Task<List<PoisonEvent>> FindUnwritableAsync(
        IReadOnlyList<PageTarget> targets, Exclusions[] excluded, IReadOnlyList<RecordedEvent> events, PageCommit commit, CancellationToken ct)
    {
        var poison = new List<PoisonEvent>();
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        for (var i = 0; i < targets.Count; i++)
        {
            var streams = events.Where(e => targets[i].Projection.Handles(e.Type) && !excluded[i].Excludes(KeyOf(e), e.Version)).GroupBy(KeyOf);
            foreach (var stream in streams)
            {
                RecordedEvent[] all = [.. stream];
                var error = await TryAsync(connection, targets[i], excluded[i], all, commit, ct);
                for (var length = 1; error is not null && length <= all.Length; length++)
                {
                    if (length < all.Length && await TryAsync(connection, targets[i], excluded[i], all[..length], commit, ct) is null)
                        continue;
                    poison.Add(PoisonEvent.Of(targets[i].Head, all[length - 1], error));
                    break;
                }
            }
        }

        return poison;
    }

    private static async Task<PostgresException?> TryAsync(NpgsqlConnection connection, PageTarget target, Exclusions excluded, IReadOnlyList<RecordedEvent> events, PageCommit commit, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        try
        {
            PageFold[] pages = [target.Projection.OpenPage()];
            await LoadAsync(connection, [target], [excluded], pages, events, commit, ct);
            if (Fold([target], [excluded], pages, [new LedgerPart()], events).Count > 0)
                return null;
            await using var batch = new NpgsqlBatch(connection);
            pages[0].Save(batch);
            if (batch.BatchCommands.Count > 0)
                await batch.ExecuteNonQueryAsync(ct);
            return null;
        }
        catch (PostgresException error) when (IsOfTheData(error))
        {
            return error;
        }
        finally
        {
            await transaction.RollbackAsync(CancellationToken.None);
        }
    }

    /// <summary>The value is at fault, not the server: data exception, constraint, or larger than what an index takes.</summary>
    private static bool IsOfTheData(PostgresException error) =>
        error.SqlState is [('2'), ('2' or '3'), ..] or ['5', '4', ..];

    private static StreamKey KeyOf(RecordedEvent recorded) => new(recorded.Tenant, recorded.StreamId);
}
