namespace Events.Workers.Imports.Reading;

/// <summary>Reads one format into rows, streaming: memory does not grow with the file.</summary>
internal interface IImportReader
{
    /// <param name="notes">Takes what concerns the whole file: encoding, delimiter, columns, duplicate headers.</param>
    /// <exception cref="UnreadableFileException">Nothing of the file, or nothing more of it, can be read.</exception>
    IAsyncEnumerable<ImportRow> ReadAsync(ImportSource source, ImportMapping mapping, FileNotes notes, CancellationToken ct);
}

/// <summary>What was found out about the file as a whole, for the preview and the report.</summary>
public sealed class FileNotes
{
    public string? Encoding { get; internal set; }

    public string? Delimiter { get; internal set; }

    public bool? HasHeader { get; internal set; }

    public IReadOnlyList<string> Columns { get; internal set; } = [];

    /// <summary>Field → columns, as given or guessed; can be sent back as <see cref="ImportMapping.Columns"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Mapping { get; internal set; } = new Dictionary<string, IReadOnlyList<string>>();

    public IList<RowProblem> Problems { get; } = [];
}

/// <summary>The contents page of the formats.</summary>
public static class ImportFormats
{
    public const string Csv = "csv";
    public const string EventsNdjson = "events-ndjson";

    private static readonly Dictionary<string, IImportReader> Readers = new(StringComparer.Ordinal)
    {
        [Csv] = new Csv.CsvTasks(Reading.Csv.CsvTasks.Generic),
        ["jira-csv"] = new Csv.CsvTasks(Reading.Csv.CsvTasks.Jira),
        ["todoist-csv"] = new Csv.TodoistCsv(),
        ["gitlab-json"] = new Json.GitLabIssues(),
        ["github-json"] = new Json.GitHubIssues(),
        ["trello-json"] = new Json.TrelloBoard(),
    };

    /// <summary>Every format that an import takes, <see cref="EventsNdjson"/> (a backup, restored rather than read as rows) included.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Readers.Keys, EventsNdjson];

    internal static IImportReader Reader(string format) => Readers[format];

    /// <summary>The rows of a file of one of the row formats.</summary>
    public static IAsyncEnumerable<ImportRow> ReadAsync(string format, ImportSource source, ImportMapping mapping, FileNotes notes, CancellationToken ct) =>
        Reader(format).ReadAsync(source, mapping, notes, ct);
}
