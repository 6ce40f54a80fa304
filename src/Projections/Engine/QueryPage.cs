using System.Globalization;
using Events.Platform.Tenancy;

namespace Events.Projections.Engine;

/// <summary>Where a page ended, for the next one to go on behind it: the sort column's value and the unique id beside it.</summary>
/// <param name="Value">Invariant text; what it means is the query's business.</param>
public sealed record KeysetCursor(string Value, Guid Id)
{
    /// <summary>Of an order by time; without a cursor what comes before everything.</summary>
    /// <exception cref="FormatException">The cursor is of another order.</exception>
    internal static DateTime MomentOf(KeysetCursor? after, bool descending)
    {
        if (after is null)
            return descending ? DateTime.MaxValue : DateTime.MinValue;
        return long.TryParse(after.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTime.MaxValue.Ticks
            ? new DateTime(ticks, DateTimeKind.Utc)
            : throw new FormatException("The cursor does not belong to this order.");
    }
}

/// <summary>A page as it goes out.</summary>
/// <param name="Items">UTF-8 JSON of the items, separated by commas, without brackets; empty when there are none.</param>
/// <param name="Count">How many items.</param>
/// <param name="Next">Null: this was the last page. A page may hold fewer items than asked for and still have a next one.</param>
/// <param name="Position">What the page reflects: every event up to it, and none after it.</param>
public sealed record QueryPage(ReadOnlyMemory<byte> Items, int Count, KeysetCursor? Next, long Position);

/// <param name="Json">UTF-8; empty when there is nothing of that id.</param>
/// <param name="Version">Of the stream, for the ETag.</param>
/// <param name="Position">What the document reflects.</param>
public sealed record QueryDocument(ReadOnlyMemory<byte> Json, long Version, long Position)
{
    public bool Exists => Version > 0;

    /// <summary>Columns: document, version, position; always one row.</summary>
    internal static async Task<QueryDocument> ReadAsync(TenantCommand command, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var position = reader.IsDBNull(2) ? 0 : reader.GetInt64(2);
        return reader.IsDBNull(0)
            ? new QueryDocument(default, 0, position)
            : new QueryDocument(reader.GetFieldValue<byte[]>(0), reader.GetInt64(1), position);
    }
}
