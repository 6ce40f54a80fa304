using Events.Commands.Tasks;

namespace Events.Workers.Imports.Reading;

/// <summary>One row of a file, whatever the format: a task, or the reason why there is none. Warnings go with a task.</summary>
/// <param name="Number">From 1, in the order of the file; a header is not a row.</param>
public sealed record ImportRow(long Number, ImportedTask? Content, IReadOnlyList<RowProblem> Problems);

/// <param name="Line">Of a text file, from 1; null in formats without lines.</param>
/// <param name="Column">The column or member; null when the whole row is meant.</param>
/// <param name="Code">Stable, e.g. <c>missing_title</c>.</param>
/// <param name="Detail">A sentence for the person who corrects the file.</param>
public sealed record RowProblem(long Row, long? Line, string? Column, string Code, string Detail);

/// <summary>What all formats are read into.</summary>
/// <param name="SourceKey">Names the row within its source for good: the same key is the same task in every later run.</param>
/// <param name="Status">Null: the source does not say.</param>
/// <param name="ParentSourceKey">The key of another row of the same source.</param>
public sealed record ImportedTask(string SourceKey, string Title)
{
    public string? Description { get; init; }

    public WorkStatus? Status { get; init; }

    public Priority Priority { get; init; }

    public ImportedPerson? Author { get; init; }

    public ImportedPerson? Assignee { get; init; }

    public ImportedPerson? ClosedBy { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    public DateOnly? DueOn { get; init; }

    public decimal? Estimate { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public DateTimeOffset? ClosedAt { get; init; }

    public string? ParentSourceKey { get; init; }

    public IReadOnlyList<ImportedComment> Comments { get; init; } = [];

    public IReadOnlyList<ImportedChecklistItem> Checklist { get; init; } = [];

    /// <summary>Where it stood in the source, for people.</summary>
    public string? Url { get; init; }

    /// <summary>What it weighs in memory, roughly.</summary>
    public long Chars => Title.Length + (Description?.Length ?? 0) + Comments.Sum(static comment => (long)comment.Body.Length) + Checklist.Sum(static item => (long)item.Text.Length);
}

/// <summary>Someone in another system. At least one of the three is set.</summary>
public sealed record ImportedPerson(string? Username, string? Name, string? Email)
{
    /// <summary>Null when nothing names a person.</summary>
    public static ImportedPerson? From(string? username, string? name, string? email)
    {
        var person = new ImportedPerson(Filled(username), Filled(name), Filled(email));
        return person is { Username: null, Name: null, Email: null } ? null : person;
    }

    /// <summary>From a single cell: an address, <c>Name &lt;address&gt;</c>, or a name.</summary>
    public static ImportedPerson? FromText(string? text)
    {
        if (Filled(text) is not { } value)
            return null;
        var open = value.LastIndexOf('<');
        if (open >= 0 && value.EndsWith('>') && value.Contains('@', StringComparison.Ordinal))
            return From(null, value[..open], value[(open + 1)..^1]);
        return value.Contains('@', StringComparison.Ordinal) && !value.StartsWith('@') && !value.Contains(' ', StringComparison.Ordinal)
            ? new ImportedPerson(null, null, value)
            : From(value.StartsWith('@') ? value[1..] : null, value.StartsWith('@') ? null : value, null);
    }

    private static string? Filled(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

/// <param name="SourceKey">Unique within the task.</param>
public sealed record ImportedComment(string SourceKey, string Body, ImportedPerson? Author, DateTimeOffset? At);

public sealed record ImportedChecklistItem(string Text, bool Done);

/// <summary>The file as a whole cannot be imported; the message says why and what would help.</summary>
public sealed class UnreadableFileException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}
