using Events.EventStore;
using Npgsql;

namespace Events.Projections.Engine;

/// <summary>
/// One projection's part of one page, in this order: <see cref="Touch"/> every event, <see cref="Load"/> and
/// <see cref="ReadAsync"/> the rows as they are, <see cref="Fold"/> every event, <see cref="Save"/> the rows as they are now.
/// Thrown away when anything fails: then the page is folded again without the stream that failed.
/// </summary>
internal abstract class PageFold
{
    /// <summary>Notes what the event will need.</summary>
    public abstract void Touch(RecordedEvent recorded);

    /// <summary>Adds the statements that load what was touched; may add none.</summary>
    public abstract void Load(NpgsqlBatch batch);

    /// <summary>Reads the results of the statements that <see cref="Load"/> added and steps behind the last of them.</summary>
    public abstract Task ReadAsync(NpgsqlDataReader reader, CancellationToken ct);

    /// <exception cref="Exception">Anything: the event cannot be folded, and its stream is parked.</exception>
    public abstract void Fold(RecordedEvent recorded);

    /// <summary>Adds the statements that write what was folded; may add none.</summary>
    public abstract void Save(NpgsqlBatch batch);
}

/// <summary>
/// One projection's rows of a whole set of streams, in memory. Thrown away when anything fails, like a page. Several are filled at the
/// same time, each with streams of its own, and then become one.
/// </summary>
internal abstract class BulkFold
{
    /// <exception cref="Exception">Anything: the event cannot be folded, and its stream is parked.</exception>
    public abstract void Fold(RecordedEvent recorded);

    /// <summary>After the last event.</summary>
    public abstract void Close();

    /// <summary>Takes over what another, closed as this one, has folded of other streams.</summary>
    public abstract void Absorb(BulkFold other);

    /// <summary>The tables to copy into, with their rows in the order of the primary key.</summary>
    public abstract IReadOnlyList<BulkTable> Copies();

    /// <summary>Statements for what is added up over several sets of streams; may add none.</summary>
    public virtual void Save(NpgsqlBatch batch)
    {
    }
}

/// <param name="Rows">Writes a row into the buffer at each step, or several, or none, and says how many.</param>
internal sealed record BulkCopy(string Sql, Func<CopyBuffer, IEnumerable<int>> Rows);

/// <param name="Parts">Of some thousand rows each: rendered by several threads, copied one after the other.</param>
internal sealed record BulkTable(string Sql, IReadOnlyList<Func<CopyBuffer, IEnumerable<int>>> Parts);
