using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Events.Workers.Imports.Reading.Json;

/// <summary>A JSON format in which one element is one task.</summary>
internal abstract class JsonRows : IImportReader
{
    private static readonly HashSet<string> Wrappers = ["issues", "items", "data", "nodes", "results"];

    public async IAsyncEnumerable<ImportRow> ReadAsync(
        ImportSource source, ImportMapping mapping, FileNotes notes, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var stream = await source.OpenAsync(ct);
        await using var utf8 = await SourceText.OpenUtf8Async(stream, ct);
        notes.Encoding = "utf-8";
        var words = new SourceWords(mapping);
        var number = 0L;
        await foreach (var item in JsonElements.ReadAsync(utf8, Wrappers, ct))
        {
            using (item)
                yield return item.IsTooLarge ? TooLarge(++number) : Row(++number, item.Value, words);
        }
    }

    /// <summary>Null when the element is not a task of this format at all.</summary>
    protected abstract ImportedTask? Read(JsonElement element, SourceWords words, Action<string, string, string> warn);

    /// <summary>The row of an element that was passed over.</summary>
    public static ImportRow TooLarge(long number) =>
        new(number, null, [new RowProblem(number, null, null, "element_too_large", $"The element has more than {JsonElements.MaxElement:N0} bytes and was passed over.")]);

    private ImportRow Row(long number, JsonElement element, SourceWords words)
    {
        var problems = new List<RowProblem>();
        if (element.ValueKind != JsonValueKind.Object)
            return Broken("not_an_object", null, $"The element is a {element.ValueKind.ToString().ToLowerInvariant()}, not an issue.");
        if (element.Text("title") is null)
            return Broken("missing_title", "title", "The issue has no title.");
        return Read(element, words, (column, code, detail) => problems.Add(new RowProblem(number, null, column, code, detail))) is { } task
            ? new ImportRow(number, ImportFit.Fit(task, number, null, problems), problems)
            : Broken("missing_id", "id", "The issue has no id, so a second import could not know it again.");

        ImportRow Broken(string code, string? column, string detail) => new(number, null, [new RowProblem(number, null, column, code, detail)]);
    }
}
