using System.Text;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Tests.Imports;

/// <summary>A file's rows, read the way the import job reads them.</summary>
internal sealed record ReadFile(IReadOnlyList<ImportRow> Rows, FileNotes Notes)
{
    public IReadOnlyList<ImportedTask> Tasks => [.. Rows.Select(r => r.Content).OfType<ImportedTask>()];

    public IReadOnlyList<string> Titles => [.. Tasks.Select(t => t.Title)];

    public IReadOnlyList<string> Codes => [.. Rows.SelectMany(r => r.Problems).Select(p => p.Code)];
}

internal static class Given
{
    public static Task<ReadFile> FileAsync(string format, string text, ImportMapping? mapping = null) => FileAsync(format, Encoding.UTF8.GetBytes(text), mapping);

    public static Task<ReadFile> FileAsync(string format, byte[] bytes, ImportMapping? mapping = null, UnpackLimits? limits = null) =>
        FileAsync(format, Source(bytes, limits), mapping);

    public static async Task<ReadFile> FileAsync(string format, ImportSource source, ImportMapping? mapping = null)
    {
        var notes = new FileNotes();
        var rows = await ImportFormats.ReadAsync(format, source, mapping ?? ImportMapping.Guess, notes, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
        return new ReadFile(rows, notes);
    }

    public static ImportSource Source(byte[] bytes, UnpackLimits? limits = null) =>
        new(_ => Task.FromResult<Stream>(new MemoryStream(bytes)), bytes.Length, limits ?? new UnpackLimits());

    public static ImportMapping Columns(params (string Field, string Column)[] columns) =>
        new() { Columns = columns.ToDictionary(c => c.Field, c => (IReadOnlyList<string>)[c.Column]) };
}
