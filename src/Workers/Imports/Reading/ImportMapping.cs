namespace Events.Workers.Imports.Reading;

/// <summary>How a file's columns and words become tasks. Everything is optional: what is not given is guessed from the file.</summary>
public sealed record ImportMapping
{
    public static ImportMapping Guess { get; } = new();

    /// <summary>
    /// Field → column names. Fields: <c>key title description status priority assignee author labels dueOn estimate createdAt
    /// updatedAt closedAt parent comments</c>. The nth of several columns with one name is <c>Name#n</c>; without a header,
    /// columns are <c>1</c>, <c>2</c>, …
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Columns { get; init; }

    /// <summary>One character, or <c>tab</c>.</summary>
    public string? Delimiter { get; init; }

    /// <summary>E.g. <c>utf-8</c>, <c>utf-16</c>, <c>windows-1252</c>, <c>iso-8859-2</c>.</summary>
    public string? Encoding { get; init; }

    public bool? HasHeader { get; init; }

    /// <summary>.NET format of dates, e.g. <c>dd.MM.yyyy</c>; tried before the usual ones.</summary>
    public string? DateFormat { get; init; }

    /// <summary>The source's word → <c>backlog todo in_progress in_review done cancelled</c>.</summary>
    public IReadOnlyDictionary<string, string>? Statuses { get; init; }

    /// <summary>The source's word → <c>none low medium high urgent</c>.</summary>
    public IReadOnlyDictionary<string, string>? Priorities { get; init; }

    /// <summary>Keeps two sources apart that number their rows alike; part of every row's identity.</summary>
    public string? Source { get; init; }
}
