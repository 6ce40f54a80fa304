namespace Events.Workers.Imports.Reading.Csv;

/// <summary>One record's cells by field. Blank cells are no cells.</summary>
internal readonly struct CsvCells(IReadOnlyList<string> fields, CsvColumns columns)
{
    private static readonly char[] ListSeparators = [',', ';', '|', '\n'];

    /// <summary>Of one cell: what comes after is one part more, and far beyond what a task takes.</summary>
    private const int MostParts = 1_000;

    /// <summary>The first filled cell of the field.</summary>
    public string? Text(TaskField field)
    {
        if (!columns.Fields.TryGetValue(field, out var positions))
            return null;
        foreach (var position in positions)
        {
            if (!string.IsNullOrWhiteSpace(fields[position]))
                return Unguarded(fields[position].Trim());
        }
        return null;
    }

    public IReadOnlyList<string> All(TaskField field)
    {
        if (!columns.Fields.TryGetValue(field, out var positions))
            return [];
        List<string>? filled = null;
        foreach (var position in positions)
        {
            if (!string.IsNullOrWhiteSpace(fields[position]))
                (filled ??= []).Add(Unguarded(fields[position].Trim()));
        }
        return filled ?? (IReadOnlyList<string>)[];
    }

    /// <summary>Several columns, or one with separators in it.</summary>
    public IReadOnlyList<string> List(TaskField field)
    {
        var cells = All(field);
        return cells.Count == 0
            ? cells
            : [.. cells.SelectMany(static cell => cell.Split(ListSeparators, MostParts, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
    }

    public string? Name(TaskField field) => columns.Fields.TryGetValue(field, out var positions) ? columns.Names[positions[0]] : null;

    /// <summary>An export puts an apostrophe before what a spreadsheet would run as a formula; here it comes off again.</summary>
    private static string Unguarded(string cell) => cell is ['\'', '=' or '+' or '-' or '@', ..] ? cell[1..] : cell;
}
