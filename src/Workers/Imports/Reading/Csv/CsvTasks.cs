using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>What differs between the tools that write CSV.</summary>
/// <param name="Preferred">Columns to take for a field before any other guess.</param>
/// <param name="StructuredComments">Comment cells are <c>date;author;text</c>, as Jira writes them.</param>
internal sealed record CsvFlavour(IReadOnlyDictionary<TaskField, string[]> Preferred, bool StructuredComments);

/// <summary>CSV with a column for each field.</summary>
internal sealed class CsvTasks(CsvFlavour flavour) : IImportReader
{
    public static CsvFlavour Generic { get; } = new(new Dictionary<TaskField, string[]>(), StructuredComments: false);

    /// <summary>An issue's id stays when it moves to another project and its key does not; parents are named by id.</summary>
    public static CsvFlavour Jira { get; } = new(
        new Dictionary<TaskField, string[]>
        {
            [TaskField.Key] = ["issue id"],
            [TaskField.Parent] = ["parent id", "parent"],
            [TaskField.Estimate] = ["custom field (story points)", "custom field (story point estimate)", "story points"],
        },
        StructuredComments: true);

    public async IAsyncEnumerable<ImportRow> ReadAsync(
        ImportSource source, ImportMapping mapping, FileNotes notes, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var stream = await source.OpenAsync(ct);
        using var file = await CsvFile.OpenAsync(stream, mapping, notes, flavour, ct);
        var words = new SourceWords(mapping);
        var number = 0L;
        await foreach (var record in file.ReadAsync(ct))
            yield return Row(++number, record, file.Columns, words);
    }

    private ImportRow Row(long number, CsvRecord record, CsvColumns columns, SourceWords words)
    {
        if (record.Problem is { } broken)
            return new ImportRow(number, null, [new RowProblem(number, record.Line, null, broken.Code, broken.Detail)]);
        var cells = new CsvCells(record.Fields, columns);
        var problems = new List<RowProblem>();
        if (cells.Text(TaskField.Title) is not { } title)
            return new ImportRow(number, null, [new RowProblem(number, record.Line, cells.Name(TaskField.Title), "missing_title", "The row has no title.")]);

        var closedAt = Moment(TaskField.ClosedAt);
        var createdAt = Moment(TaskField.CreatedAt);
        var statusText = cells.Text(TaskField.Status);
        var status = words.StatusOf(statusText);
        if (statusText is not null && status is null)
            Warn(TaskField.Status, "unknown_status", $"'{Shown(statusText)}' is no known status; the task was put into the backlog. Map it by mapping.statuses.");
        var priorityText = cells.Text(TaskField.Priority);
        var priority = words.PriorityOf(priorityText);
        if (priorityText is not null && priority is null)
            Warn(TaskField.Priority, "unknown_priority", $"'{Shown(priorityText)}' is no known priority; it was left out. Map it by mapping.priorities.");
        var estimateText = cells.Text(TaskField.Estimate);
        var estimate = SourceWords.Number(estimateText);
        if (estimateText is not null && estimate is null)
            Warn(TaskField.Estimate, "bad_number", $"'{Shown(estimateText)}' is not a number; the estimate was left out.");

        var assignee = ImportedPerson.FromText(cells.Text(TaskField.Assignee));
        if (cells.Text(TaskField.AssigneeEmail) is { } email)
            assignee = ImportedPerson.From(assignee?.Username, assignee?.Name, email);
        var task = new ImportedTask(Key(number, record, cells, createdAt), title)
        {
            Description = cells.Text(TaskField.Description),
            Status = status ?? (closedAt is not null ? Commands.Tasks.WorkStatus.Done : null),
            Priority = priority ?? default,
            Author = ImportedPerson.FromText(cells.Text(TaskField.Author)),
            Assignee = assignee,
            Labels = cells.List(TaskField.Labels),
            DueOn = Moment(TaskField.DueOn) is { } due ? DateOnly.FromDateTime(due.UtcDateTime) : null,
            Estimate = estimate,
            CreatedAt = createdAt,
            UpdatedAt = Moment(TaskField.UpdatedAt),
            ClosedAt = closedAt,
            ParentSourceKey = cells.Text(TaskField.Parent),
            Comments = Comments(cells, words),
        };
        return new ImportRow(number, ImportFit.Fit(task, number, record.Line, problems), problems);

        void Warn(TaskField field, string code, string detail) => problems.Add(new RowProblem(number, record.Line, cells.Name(field), code, detail));

        DateTimeOffset? Moment(TaskField field)
        {
            if (cells.Text(field) is not { } text)
                return null;
            var moment = words.Moment(text);
            if (moment is null)
                Warn(field, "bad_date", $"'{Shown(text)}' is not understood as a date; it was left out. Give mapping.dateFormat.");
            return moment;
        }
    }

    /// <summary>
    /// The source's own key; without one, the row's place and content. The moment of creation belongs to the key where there is one:
    /// two trackers both number from 1, and a task's birth never changes. (Not where other rows name their parent by the bare key.)
    /// </summary>
    private static string Key(long number, CsvRecord record, CsvCells cells, DateTimeOffset? createdAt)
    {
        if (cells.Text(TaskField.Key) is { Length: <= 200 } key)
            return createdAt is { } born && cells.Name(TaskField.Parent) is null ? $"{key}@{born.ToUnixTimeMilliseconds()}" : key;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, number);
        hash.AppendData(length);
        foreach (var field in record.Fields)
        {
            BinaryPrimitives.WriteInt64LittleEndian(length, field.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(field.AsSpan()));
        }
        return "row:" + Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 16));
    }

    private IReadOnlyList<ImportedComment> Comments(CsvCells cells, SourceWords words)
    {
        var texts = cells.All(TaskField.Comments);
        if (texts.Count == 0)
            return [];
        return [.. texts.Select((text, index) => Comment(text, index))];

        ImportedComment Comment(string text, int index)
        {
            var parts = flavour.StructuredComments ? text.Split(';', 3) : [];
            return parts.Length == 3 && words.Moment(parts[0]) is { } at
                ? new ImportedComment($"{index}", parts[2], ImportedPerson.FromText(parts[1]), at)
                : new ImportedComment($"{index}", text, null, null);
        }
    }

    private static string Shown(string text) => text.Length <= 60 ? text : text[..59] + "…";
}
