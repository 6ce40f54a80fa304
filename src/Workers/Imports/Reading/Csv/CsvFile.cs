using System.Runtime.CompilerServices;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>A CSV file of which encoding, delimiter and header are known.</summary>
internal sealed class CsvFile : IDisposable
{
    private readonly SampledText text;
    private readonly CsvReader reader;

    private CsvFile(SampledText text, CsvReader reader, CsvColumns columns)
    {
        this.text = text;
        this.reader = reader;
        Columns = columns;
    }

    public CsvColumns Columns { get; }

    /// <exception cref="UnreadableFileException">Empty, no text, a mapping that does not fit, or no column with titles.</exception>
    public static async Task<CsvFile> OpenAsync(Stream stream, ImportMapping mapping, FileNotes notes, CsvFlavour flavour, CancellationToken ct)
    {
        var (decoded, encoding) = await SourceText.OpenAsync(stream, mapping.Encoding, ct);
        var text = await SampledText.ReadAsync(decoded, ct);
        var dialect = await CsvDialect.DetectAsync(text.Sample, mapping.Delimiter, ct);
        text.Skip(dialect.SkipChars);
        notes.Encoding = encoding;
        notes.Delimiter = dialect.Delimiter == '\t' ? "tab" : dialect.Delimiter.ToString();

        var head = await HeadAsync(text.Sample[dialect.SkipChars..], dialect.Delimiter, ct);
        var reader = new CsvReader(text, dialect.Delimiter, new CsvLimits());
        if (head.Count == 0)
            throw new UnreadableFileException("empty_file", "The file is empty.");
        var columns = CsvColumns.From(head[0].Fields, head.Count > 1 ? head[1].Fields : null, mapping, flavour.Preferred);
        reader.Columns = columns.Names.Count;
        notes.HasHeader = columns.HasHeader;
        notes.Columns = columns.Names;
        notes.Mapping = columns.Fields.ToDictionary(
            static pair => char.ToLowerInvariant(pair.Key.ToString()[0]) + pair.Key.ToString()[1..],
            pair => (IReadOnlyList<string>)[.. pair.Value.Select(position => columns.Names[position])]);
        foreach (var note in columns.Notes)
            notes.Problems.Add(note);
        return new CsvFile(text, reader, columns);
    }

    /// <summary>The records after the header.</summary>
    public async IAsyncEnumerable<CsvRecord> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        var first = true;
        await foreach (var record in reader.ReadAsync(ct))
        {
            if (!first || !Columns.HasHeader)
                yield return record;
            first = false;
        }
    }

    public void Dispose() => text.Dispose();

    /// <summary>The first two good records. A header longer than the sample is refused: nobody has one.</summary>
    private static async Task<List<CsvRecord>> HeadAsync(ReadOnlyMemory<char> sample, char delimiter, CancellationToken ct)
    {
        using var start = new StringReader(sample.ToString());
        var head = new List<CsvRecord>(2);
        await foreach (var record in new CsvReader(start, delimiter, new CsvLimits { RereadChars = 1 << 20 }).ReadAsync(ct))
        {
            if (head.Count == 0 && record.Problem is { } problem)
                throw new UnreadableFileException("bad_header", $"The first line cannot be read: {problem.Detail}");
            head.Add(record);
            if (head.Count == 2)
                break;
        }
        return head;
    }
}
