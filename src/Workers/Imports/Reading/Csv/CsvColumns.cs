using System.Globalization;
using System.Text;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>What a column of a file can hold.</summary>
internal enum TaskField
{
    Key,
    Title,
    Description,
    Status,
    Priority,
    Assignee,
    AssigneeEmail,
    Author,
    Labels,
    DueOn,
    Estimate,
    CreatedAt,
    UpdatedAt,
    ClosedAt,
    Parent,
    Comments,
}

/// <summary>Which columns hold which field.</summary>
/// <param name="Names">Of the columns, unique: the second <c>Labels</c> is <c>Labels#2</c>.</param>
/// <param name="Notes">What the person should know of the header, e.g. duplicates.</param>
internal sealed record CsvColumns(
    IReadOnlyList<string> Names,
    IReadOnlyDictionary<TaskField, int[]> Fields,
    bool HasHeader,
    IReadOnlyList<RowProblem> Notes)
{
    /// <summary>Headers that are understood, by field, best first.</summary>
    private static readonly Dictionary<TaskField, string[]> Known = new()
    {
        [TaskField.Key] = ["key", "id", "issue key", "issuekey", "issue id", "issueid", "issue", "iid", "number", "no", "ref", "reference", "task id", "taskid", "ticket", "ticket id", "uuid", "guid", "external id"],
        [TaskField.Title] = ["title", "summary", "name", "task", "task name", "subject", "content", "issue title", "card name", "titel", "headline"],
        [TaskField.Description] = ["description", "body", "details", "notes", "desc", "card description", "text", "beschreibung"],
        [TaskField.Status] = ["status", "state", "list", "list name", "column", "stage", "section", "section/column", "workflow state"],
        [TaskField.Priority] = ["priority", "prio", "severity", "importance"],
        [TaskField.Assignee] = ["assignee", "assigned to", "assignees", "assignee name", "owner", "responsible", "assignee username", "assigned"],
        [TaskField.AssigneeEmail] = ["assignee email", "assignee e-mail", "owner email"],
        [TaskField.Author] = ["author", "reporter", "creator", "created by", "reported by", "author username", "author name", "requester"],
        [TaskField.Labels] = ["labels", "label", "tags", "tag", "components", "component/s"],
        [TaskField.DueOn] = ["due date", "due", "due on", "dueon", "deadline", "duedate", "target date", "due by"],
        [TaskField.Estimate] = ["estimate", "story points", "storypoints", "story point estimate", "custom field (story points)", "points", "weight", "effort", "size", "story_points"],
        [TaskField.CreatedAt] = ["created", "created at", "created on", "createdat", "creation date", "date created", "created date", "created (utc)", "created at (utc)", "opened", "opened at"],
        [TaskField.UpdatedAt] = ["updated", "updated at", "updated on", "updatedat", "last modified", "modified", "updated (utc)", "updated at (utc)", "last updated"],
        [TaskField.ClosedAt] = ["closed", "closed at", "closed on", "closedat", "resolved", "resolution date", "completed", "completed at", "completed on", "done at", "closed (utc)", "closed at (utc)", "date completed", "completedat"],
        [TaskField.Parent] = ["parent", "parent id", "parent key", "parent task", "parent issue", "epic link"],
        [TaskField.Comments] = ["comment", "comments"],
    };

    private static readonly HashSet<string> KnownWords = [.. Known.Values.SelectMany(static words => words).Select(Word)];

    public static CsvColumns From(IReadOnlyList<string> first, IReadOnlyList<string>? second, ImportMapping mapping, IReadOnlyDictionary<TaskField, string[]> preferred)
    {
        var hasHeader = mapping.HasHeader ?? LooksLikeHeader(first, second, mapping);
        var notes = new List<RowProblem>();
        var names = hasHeader ? Unique(first, notes) : [.. Enumerable.Range(1, first.Count).Select(static n => n.ToString(CultureInfo.InvariantCulture))];
        var fields = mapping.Columns is { Count: > 0 } given ? Given(names, given) : Guessed(names, hasHeader, preferred);
        if (!fields.ContainsKey(TaskField.Title))
        {
            throw new UnreadableFileException(
                "no_title_column",
                $"No column holds titles. Columns: {Listed(names)}. Say which one by mapping.columns.title, e.g. {{\"columns\":{{\"title\":\"{names.FirstOrDefault("1")}\"}}}}.");
        }
        return new CsvColumns(names, fields, hasHeader, notes);
    }

    private static bool LooksLikeHeader(IReadOnlyList<string> first, IReadOnlyList<string>? second, ImportMapping mapping)
    {
        var given = (mapping.Columns ?? new Dictionary<string, IReadOnlyList<string>>()).Values.SelectMany(static names => names).Where(static name => !int.TryParse(name, out _))
            .Select(static name => Word(name.Split('#')[0])).ToHashSet();
        if (first.Any(cell => KnownWords.Contains(Word(cell)) || given.Contains(Word(cell))))
            return true;
        // A header has words where the rows have numbers and dates.
        var words = new SourceWords(ImportMapping.Guess);
        return second is not null && first.All(cell => cell.Length is > 0 and < 100 && !IsValue(cell)) && second.Any(IsValue);

        bool IsValue(string cell) => SourceWords.Number(cell) is not null || words.Moment(cell) is not null;
    }

    private static string[] Unique(IReadOnlyList<string> header, List<RowProblem> notes)
    {
        var seen = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var names = new string[header.Count];
        for (var i = 0; i < names.Length; i++)
        {
            var name = header[i].Trim();
            if (name.Length == 0)
                name = (i + 1).ToString(CultureInfo.InvariantCulture);
            var count = seen[name] = seen.GetValueOrDefault(name) + 1;
            names[i] = count == 1 ? name : $"{name}#{count}";
        }
        foreach (var (name, count) in seen.Where(static pair => pair.Value > 1).Take(20))
            notes.Add(new RowProblem(0, 1, name, "duplicate_header", $"{count} columns are named '{Shortened(name)}': they are {Shortened(name)}, {Shortened(name)}#2, …"));
        return names;
    }

    private static Dictionary<TaskField, int[]> Given(string[] names, IReadOnlyDictionary<string, IReadOnlyList<string>> given)
    {
        var positions = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < names.Length; i++)
            positions.TryAdd(names[i], i);
        var fields = new Dictionary<TaskField, int[]>();
        foreach (var (field, columns) in given)
        {
            if (!Enum.TryParse<TaskField>(field, ignoreCase: true, out var known) || !char.IsAsciiLetter(field[0]))
                throw new UnreadableFileException("bad_mapping", $"mapping.columns.{field}: not a field of a task.");
            fields[known] =
            [
                .. columns.Select(column => positions.TryGetValue(column.Trim(), out var position)
                    ? position
                    : throw new UnreadableFileException("bad_mapping", $"mapping.columns.{field}: the file has no column '{Shortened(column)}'. Columns: {Listed(names)}.")),
            ];
        }
        return fields;
    }

    private static Dictionary<TaskField, int[]> Guessed(string[] names, bool hasHeader, IReadOnlyDictionary<TaskField, string[]> preferred)
    {
        if (!hasHeader)
            return names.Length == 1 ? new() { [TaskField.Title] = [0] } : [];
        var words = names.Select(static name => Word(name.Split('#')[0])).ToArray();
        var fields = new Dictionary<TaskField, int[]>();
        foreach (var (field, known) in Known)
        {
            // The best word that occurs wins; all columns under that one word belong to the field.
            var best = preferred.GetValueOrDefault(field, []).Concat(known).Select(Word).FirstOrDefault(word => words.Contains(word, StringComparer.Ordinal));
            if (best is not null)
                fields[field] = [.. Enumerable.Range(0, words.Length).Where(i => string.Equals(words[i], best, StringComparison.Ordinal))];
        }
        return fields;
    }

    private static string Word(string header)
    {
        var word = new StringBuilder();
        foreach (var c in header.Trim())
        {
            if (c is '_' or '-' or ' ')
                word.Append(word.Length > 0 && word[^1] != ' ' ? " " : "");
            else
                word.Append(char.ToLowerInvariant(c));
        }
        return word.ToString().Replace("e mail", "email", StringComparison.Ordinal).TrimEnd();
    }

    private static string Listed(string[] names) =>
        string.Join(", ", names.Take(20).Select(Shortened)) + (names.Length > 20 ? $", … ({names.Length} in all)" : "");

    private static string Shortened(string name) => name.Length <= 60 ? name : name[..59] + "…";
}
