using System.Buffers;
using System.Text;

namespace Events.Workers.Exports;

/// <summary>
/// Writes CSV (RFC 4180, UTF-8 with a mark so that spreadsheets read accents). A cell that a spreadsheet would run as a formula gets
/// an apostrophe in front; an import takes it off again.
/// </summary>
public sealed class CsvWriter : IAsyncDisposable
{
    private static readonly SearchValues<char> NeedsQuotes = SearchValues.Create("\",\r\n");

    private readonly StreamWriter writer;

    public CsvWriter(Stream stream) => writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), 1 << 16, leaveOpen: true) { NewLine = "\r\n" };

    /// <summary>Buffers a row; <see cref="FlushAsync"/> from time to time sends what is buffered.</summary>
    public void WriteRow(ReadOnlySpan<string?> cells)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            if (i > 0)
                writer.Write(',');
            WriteCell(cells[i] ?? "");
        }
        writer.Write("\r\n");
    }

    public Task FlushAsync(CancellationToken ct) => writer.FlushAsync(ct);

    public async ValueTask DisposeAsync() => await writer.DisposeAsync();

    /// <summary>Whether a spreadsheet would take the cell for a formula; a plain negative number it would not.</summary>
    public static bool IsFormula(string cell)
    {
        var text = cell.AsSpan().TrimStart(" \t\r\n\u00a0\ufeff");
        if (text.IsEmpty)
            return false;
        if (cell[0] is '\t' or '\r' or '\n')
            return true;
        if (text[0] is '=' or '@' or '\uff1d' or '\uff0b' or '\uff0d' or '\uff20')
            return true;
        return text[0] is '+' or '-' && !decimal.TryParse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out _);
    }

    private void WriteCell(string cell)
    {
        var guarded = IsFormula(cell);
        if (!guarded && !cell.AsSpan().ContainsAny(NeedsQuotes))
        {
            writer.Write(cell);
            return;
        }
        writer.Write('"');
        if (guarded)
            writer.Write('\'');
        writer.Write(cell.Contains('"', StringComparison.Ordinal) ? cell.Replace("\"", "\"\"", StringComparison.Ordinal) : cell);
        writer.Write('"');
    }
}
