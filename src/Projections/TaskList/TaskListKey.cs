using System.Diagnostics;
using System.Globalization;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.TaskList;

/// <summary>Sort keys between SQL and a cursor's text.</summary>
internal static class TaskListKey
{
    private static readonly Guid Lowest = Guid.Empty;
    private static readonly Guid Highest = Guid.AllBitsSet;

    /// <summary>No UTF-8 text is after this one byte by byte.</summary>
    private const string LastText = "\U0010FFFF\U0010FFFF";

    /// <summary>Key and id to go on behind; without a cursor, what is before everything.</summary>
    /// <exception cref="FormatException">The cursor is of another order.</exception>
    public static (NpgsqlParameter Key, NpgsqlParameter Id) Parameters(KeyKind kind, bool descending, KeysetCursor? after) =>
        (Key(kind, descending, after?.Value), new NpgsqlParameter<Guid> { TypedValue = after?.Id ?? (descending ? Highest : Lowest) });

    private static NpgsqlParameter Key(KeyKind kind, bool descending, string? text) => kind switch
    {
        KeyKind.Timestamp => new NpgsqlParameter<DateTime>
        {
            TypedValue = text is null ? (descending ? DateTime.MaxValue : DateTime.MinValue) : new DateTime(Number(text, DateTime.MaxValue.Ticks), DateTimeKind.Utc),
            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz,
        },
        KeyKind.Date => new NpgsqlParameter<DateOnly>
        {
            TypedValue = text is null ? (descending ? DateOnly.MaxValue : DateOnly.MinValue) : DateOnly.FromDayNumber((int)Number(text, DateOnly.MaxValue.DayNumber)),
        },
        KeyKind.Number => new NpgsqlParameter<long> { TypedValue = text is null ? (descending ? long.MaxValue : long.MinValue) : Number(text, long.MaxValue) },
        KeyKind.Text => new NpgsqlParameter<string> { TypedValue = text ?? (descending ? LastText : "") },
        _ => throw new UnreachableException(),
    };

    public static KeysetCursor Read(KeyKind kind, NpgsqlDataReader reader, int column)
    {
        var value = kind switch
        {
            KeyKind.Timestamp => reader.GetDateTime(column).Ticks.ToString(CultureInfo.InvariantCulture),
            KeyKind.Date => reader.GetFieldValue<DateOnly>(column).DayNumber.ToString(CultureInfo.InvariantCulture),
            KeyKind.Number => reader.GetInt64(column).ToString(CultureInfo.InvariantCulture),
            KeyKind.Text => reader.GetString(column),
            _ => throw new UnreachableException(),
        };
        return new KeysetCursor(value, reader.GetGuid(column + 1));
    }

    private static long Number(string text, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most
            ? value
            : throw new FormatException("The cursor does not belong to this order.");
}
