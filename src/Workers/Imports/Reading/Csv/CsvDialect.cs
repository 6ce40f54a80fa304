using System.Text.RegularExpressions;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>How one file is written: found by trying, unless the mapping says.</summary>
/// <param name="SkipChars">Excel's <c>sep=;</c> line in front.</param>
internal sealed partial record CsvDialect(char Delimiter, int SkipChars)
{
    private const int SampleRecords = 100;
    private static readonly char[] Candidates = [',', ';', '\t', '|'];

    public static async Task<CsvDialect> DetectAsync(ReadOnlyMemory<char> sample, string? given, CancellationToken ct)
    {
        if (SeparatorLine().Match(sample.Span.Length > 16 ? sample[..16].ToString() : sample.ToString()) is { Success: true } line)
            return new CsvDialect(given is null ? line.Groups["separator"].Value[0] : Named(given), line.Length);
        if (given is not null)
            return new CsvDialect(Named(given), 0);
        var best = (Delimiter: ',', Score: 0d);
        foreach (var candidate in Candidates)
        {
            var score = await ScoreAsync(sample, candidate, ct);
            if (score > best.Score)
                best = (candidate, score);
        }
        return new CsvDialect(best.Delimiter, 0);
    }

    /// <summary>The share of records that have as many columns as the first, which must be more than one; more columns break a tie.</summary>
    private static async Task<double> ScoreAsync(ReadOnlyMemory<char> sample, char delimiter, CancellationToken ct)
    {
        using var text = new StringReader(sample.ToString());
        var columns = 0;
        var alike = 0;
        var records = 0;
        await foreach (var record in new CsvReader(text, delimiter, new CsvLimits { RereadChars = 1 << 20 }).ReadAsync(ct))
        {
            if (columns == 0)
                columns = record.Fields.Count;
            records++;
            alike += record.Problem is null && record.Fields.Count == columns ? 1 : 0;
            if (records == SampleRecords)
                break;
        }
        return columns < 2 ? 0 : ((double)alike / records) + (Math.Min(columns, 100) * 0.0001);
    }

    private static char Named(string name) => name switch
    {
        "tab" or "\\t" => '\t',
        { Length: 1 } when name[0] is not ('"' or '\r' or '\n') => name[0],
        _ => throw new UnreadableFileException("bad_mapping", $"mapping.delimiter: '{name}' is not one character or 'tab'."),
    };

    [GeneratedRegex(@"^sep=(?<separator>.)(\r\n|\n|\r)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SeparatorLine();
}
