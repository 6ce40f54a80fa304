using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Events.Commands.Deciding;
using Events.Commands.Tasks;
using Events.EventStore;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>
/// Todoist's backup of a project: rows are sections, tasks (indented under their parents) and notes (comments on the task above).
/// A section becomes a label, unless its name is a status.
/// </summary>
internal sealed partial class TodoistCsv : IImportReader
{
    private const int MaxIndent = 10;

    private static readonly CsvFlavour Flavour = new(
        new Dictionary<TaskField, string[]> { [TaskField.Title] = ["content"], [TaskField.Assignee] = ["responsible"], [TaskField.DueOn] = ["date"] },
        StructuredComments: false);

    public async IAsyncEnumerable<ImportRow> ReadAsync(
        ImportSource source, ImportMapping mapping, FileNotes notes, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var stream = await source.OpenAsync(ct);
        using var file = await CsvFile.OpenAsync(stream, mapping, notes, Flavour, ct);
        var at = Positions(file.Columns);
        var reading = new Reading(new SourceWords(mapping), new SourceKeys());
        await foreach (var record in file.ReadAsync(ct))
        {
            reading.Number++;
            if (record.Problem is { } broken)
            {
                yield return new ImportRow(reading.Number, null, [new RowProblem(reading.Number, record.Line, null, broken.Code, broken.Detail)]);
                continue;
            }
            var cell = new Func<string, string?>(name => at.TryGetValue(name, out var i) && !string.IsNullOrWhiteSpace(record.Fields[i]) ? record.Fields[i].Trim() : null);
            switch (cell("type")?.ToLowerInvariant())
            {
                case "section":
                    reading.Section = cell("content");
                    break;
                case "note" when reading.Open is not null:
                    reading.AddNote(cell("content"), cell("author"), cell("date"));
                    break;
                case "task":
                    if (reading.TakeOpen() is { } finished)
                        yield return finished;
                    reading.Start(record, cell);
                    if (reading.Open is null)
                        yield return new ImportRow(reading.Number, null, [new RowProblem(reading.Number, record.Line, "CONTENT", "missing_title", "The row has no content.")]);
                    break;
                default:
                    // Todoist ends groups with empty rows and writes settings as rows of type "meta".
                    break;
            }
        }
        if (reading.TakeOpen() is { } last)
            yield return last;
    }

    private static Dictionary<string, int> Positions(CsvColumns columns)
    {
        var at = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < columns.Names.Count; i++)
            at.TryAdd(columns.Names[i].ToLowerInvariant(), i);
        if (!at.ContainsKey("type"))
            throw new UnreadableFileException("not_todoist", "There is no column TYPE: this is not Todoist's CSV. Import it as format csv.");
        return at;
    }

    [GeneratedRegex(@"(?:^|\s)@(?<label>[^\s@]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelWord();

    [GeneratedRegex(@"\s*\(\d+\)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UserNumber();

    /// <summary>Rows have no ids: a task is known by its content, its parents and how many like it came before.</summary>
    private sealed class SourceKeys
    {
        private readonly Dictionary<string, int> seen = new(StringComparer.Ordinal);

        public string Next(string path)
        {
            var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(path)).AsSpan(0, 16));
            var count = seen[hash] = seen.GetValueOrDefault(hash) + 1;
            return $"todoist:{hash}:{count}";
        }
    }

    private sealed class Reading(SourceWords words, SourceKeys keys)
    {
        private readonly string?[] parents = new string?[MaxIndent + 1];
        private readonly List<RowProblem> problems = [];
        private readonly List<ImportedComment> comments = [];
        private long openNumber;
        private long openLine;
        private long noteChars;

        public long Number { get; set; }

        public string? Section { get; set; }

        public ImportedTask? Open { get; private set; }

        public void Start(CsvRecord record, Func<string, string?> cell)
        {
            if (cell("content") is not { } content)
                return;
            openNumber = Number;
            openLine = record.Line;
            var indent = int.TryParse(cell("indent"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? Math.Clamp(given, 1, MaxIndent) : 1;
            var labels = LabelWord().Matches(content).Select(static match => match.Groups["label"].Value).ToList();
            var title = labels.Count == 0 ? content : LabelWord().Replace(content, "").Trim();
            var status = words.StatusOf(Section);
            if (Section is not null && status is null)
                labels.Add(Section);
            var key = keys.Next($"{Section}\n{parents[indent - 1]}\n{content}");
            parents[indent] = key;
            var date = cell("date");
            var due = words.Day(date);
            Open = new ImportedTask(key, title.Length == 0 ? content : title)
            {
                Description = cell("description"),
                Status = status ?? WorkStatus.Todo,
                Priority = cell("priority") switch { "1" => Priority.Urgent, "2" => Priority.High, "3" => Priority.Medium, _ => Priority.None },
                Author = Person(cell("author")),
                Assignee = Person(cell("responsible")),
                Labels = labels,
                DueOn = due,
                ParentSourceKey = indent > 1 ? parents[indent - 1] : null,
            };
            if (date is not null && due is null)
                problems.Add(new RowProblem(openNumber, openLine, "DATE", "bad_date", $"'{date}' is no calendar date (it may repeat); the due date was left out."));
        }

        public void AddNote(string? body, string? author, string? at)
        {
            // More than one task takes is not held until the task is whole.
            noteChars += body?.Length ?? 0;
            if (body is not null && comments.Count <= Limits.Comments && noteChars <= UnitLimits.UnitBytes)
                comments.Add(new ImportedComment($"{comments.Count}", body, Person(author), words.Moment(at)));
        }

        public ImportRow? TakeOpen()
        {
            if (Open is null)
                return null;
            var warnings = problems.ToList();
            var fitted = ImportFit.Fit(Open with { Comments = [.. comments] }, openNumber, openLine, warnings);
            Open = null;
            problems.Clear();
            comments.Clear();
            noteChars = 0;
            return new ImportRow(openNumber, fitted, warnings);
        }

        private static ImportedPerson? Person(string? text) => ImportedPerson.FromText(text is null ? null : UserNumber().Replace(text, ""));
    }
}
