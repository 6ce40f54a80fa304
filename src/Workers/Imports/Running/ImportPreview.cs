using Events.Workers.Files;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Imports.Running;

/// <param name="Rows">The first rows, as they would come in.</param>
/// <param name="Stopped">Why reading ended early; null when the rows or the file did.</param>
public sealed record Preview(FileNotes Notes, IReadOnlyList<ImportRow> Rows, RowProblem? Stopped);

/// <summary>Reads the beginning of a file the way the import will.</summary>
public sealed class ImportPreview(FileStore files, ImportOptions options)
{
    public const int MaxRows = 100;

    public async Task<Preview> ReadAsync(StoredFile file, string format, ImportMapping mapping, int rows, CancellationToken ct)
    {
        var notes = new FileNotes();
        var read = new List<ImportRow>(rows);
        var source = new ImportSource(token => files.OpenAsync(file, token), file.Size, options.Unpack);
        try
        {
            await foreach (var row in ImportFormats.ReadAsync(format, source, mapping, notes, ct).Take(rows))
                read.Add(row);
            return new Preview(notes, read, null);
        }
        catch (UnreadableFileException error)
        {
            return new Preview(notes, read, new RowProblem(read.Count + 1, null, null, error.Code, error.Message));
        }
    }
}
