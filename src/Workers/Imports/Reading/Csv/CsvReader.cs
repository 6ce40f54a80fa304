using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>
/// Reads CSV records from a text of any size, holding one record at a time. A record that cannot be right is given as a problem
/// for its first line, and reading goes on with the next line: one broken line costs one row, never the rest of the file.
/// </summary>
/// <remarks>
/// A quote that never closes makes everything after it look like one field. So a record is kept as text until it is known to be
/// good; when it turns out too long, ends in the middle of a quote, or has stray quotes and another number of fields than the header,
/// the reader goes back to the end of its first line. What is read twice is counted: a file that is all stray quotes soon gets read
/// strictly by lines, so the work stays proportional to its size.
/// </remarks>
internal sealed class CsvReader(TextReader text, char delimiter, CsvLimits limits)
{
    private readonly SearchValues<char> unquotedEnds = SearchValues.Create([delimiter, '\r', '\n']);
    private readonly StringBuilder scratch = new();
    private char[] buffer = new char[1 << 16];
    private int start;
    private int end;
    private bool ended;
    private bool inGivenUpLine;
    private long line = 1;
    private long rereadBudget = limits.RereadChars;

    /// <summary>Fields of the header; 0 until it is known. A record with another number is broken.</summary>
    public int Columns { get; set; }

    public async IAsyncEnumerable<CsvRecord> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        while (true)
        {
            if (inGivenUpLine && !SkipToLineEnd())
            {
                if (ended)
                    yield break;
                await FillAsync(ct);
                continue;
            }
            var step = Parse(byLine: rereadBudget <= 0);
            if (step.NeedsMore)
            {
                await FillAsync(ct);
                continue;
            }
            if (step.Record is null)
                yield break;
            start += step.Consumed;
            line += step.Lines;
            if (step.Record.Problem is null && step.Record.Fields is [""])
                continue;
            yield return step.Record;
        }
    }

    private readonly record struct Step(CsvRecord? Record, int Consumed, long Lines, bool NeedsMore)
    {
        public static Step More { get; } = new(null, 0, 0, true);

        public static Step End { get; } = new(null, 0, 0, false);
    }

    private Step Parse(bool byLine)
    {
        var chars = buffer.AsSpan(start, end - start);
        if (chars.IsEmpty)
            return ended ? Step.End : Step.More;
        var fields = new List<string>(Math.Max(Columns, 8));
        var position = 0;
        var lines = 0L;
        var strayQuotes = 0;
        while (true)
        {
            if (fields.Count > limits.Fields)
                return Broken(chars, "too_many_columns", $"More than {limits.Fields:N0} columns.");
            string field;
            if (position < chars.Length && chars[position] == '"')
            {
                var quoted = Quoted(chars, position, byLine, ref lines, ref strayQuotes, out field);
                if (quoted == NeedMore)
                    return chars.Length > limits.RecordChars ? TooLong(chars) : Step.More;
                if (quoted == Unclosed)
                    return Broken(chars, "unclosed_quote", "A quotation mark opens here and never closes.");
                position = quoted;
            }
            else
            {
                var length = chars[position..].IndexOfAny(unquotedEnds);
                if (length < 0)
                {
                    if (!ended)
                        return chars.Length > limits.RecordChars ? TooLong(chars) : Step.More;
                    length = chars.Length - position;
                }
                field = length == 0 ? "" : new string(chars.Slice(position, length));
                position += length;
            }
            fields.Add(field);
            if (position < chars.Length && chars[position] == delimiter)
            {
                position++;
                continue;
            }
            // CR alone ends a line as well; CR LF is one end, so the next character has to be known.
            if (position < chars.Length && chars[position] == '\r')
            {
                if (position + 1 == chars.Length && !ended)
                    return Step.More;
                position++;
            }
            if (position < chars.Length && chars[position] == '\n')
                position++;
            break;
        }
        if (position > limits.RecordChars)
            return TooLong(chars);
        return Finished(chars, fields, position, lines, strayQuotes);
    }

    private const int NeedMore = -1;
    private const int Unclosed = -2;

    /// <returns>Where the field ends, <see cref="NeedMore"/> or <see cref="Unclosed"/>.</returns>
    private int Quoted(ReadOnlySpan<char> chars, int open, bool byLine, ref long lines, ref int strayQuotes, out string field)
    {
        field = "";
        scratch.Clear();
        var position = open + 1;
        while (true)
        {
            var length = chars[position..].IndexOf('"');
            if (length < 0)
                return ended ? Unclosed : NeedMore;
            var piece = chars.Slice(position, length);
            var newLines = piece.Count('\n');
            if (byLine && newLines > 0)
                return Unclosed;
            lines += newLines;
            position += length + 1;
            if (position == chars.Length && !ended)
                return NeedMore;
            if (position < chars.Length && chars[position] == '"')
            {
                scratch.Append(piece).Append('"');
                position++;
                continue;
            }
            var after = position;
            while (after < chars.Length && chars[after] == ' ' && delimiter != ' ')
                after++;
            if (after == chars.Length && !ended)
                return NeedMore;
            if (after == chars.Length || chars[after] == delimiter || chars[after] is '\r' or '\n')
            {
                field = scratch.Length == 0 ? new string(piece) : scratch.Append(piece).ToString();
                return after;
            }
            // Someone wrote "He said "hi"" without doubling: kept as text if the record turns out to fit.
            strayQuotes++;
            if (strayQuotes > limits.StrayQuotes)
                return Unclosed;
            scratch.Append(piece).Append('"');
        }
    }

    private Step Finished(ReadOnlySpan<char> chars, List<string> fields, int consumed, long lines, int strayQuotes)
    {
        if (Columns > 0 && strayQuotes > 0 && lines > 0 && (fields.Count != Columns || SwallowedRecord(chars[..consumed])))
            return Broken(chars, "stray_quote", "A quotation mark stands in the middle of a field, or opens and does not close.");
        if (Columns > 0 && fields.Count != Columns)
        {
            if (fields.Count > Columns && fields.Skip(Columns).All(static f => f.Length == 0))
                fields.RemoveRange(Columns, fields.Count - Columns);
            else if (fields is not [""])
                return Given(new CsvProblem("wrong_column_count", $"{fields.Count:N0} columns instead of {Columns:N0}."), fields: []);
        }
        return Given(null, fields);

        Step Given(CsvProblem? problem, List<string> fields) => new(new CsvRecord(line, fields, problem), consumed, lines + 1, NeedsMore: false);
    }

    /// <summary>Whether a line inside the record is a clean record by itself: then the quote before it was never meant to reach that far.</summary>
    private bool SwallowedRecord(ReadOnlySpan<char> record)
    {
        var rest = record[(record.IndexOf('\n') + 1)..];
        while (!rest.IsEmpty)
        {
            var length = rest.IndexOf('\n');
            var one = (length < 0 ? rest : rest[..length]).TrimEnd('\r');
            if (CleanColumns(one) == Columns)
                return true;
            rest = length < 0 ? [] : rest[(length + 1)..];
        }
        return false;
    }

    /// <summary>Columns of a line whose quotes are all where they belong; 0 otherwise.</summary>
    private int CleanColumns(ReadOnlySpan<char> one)
    {
        for (var columns = 1; ; columns++)
        {
            int length;
            if (one.StartsWith('"'))
            {
                var close = one[1..].IndexOf('"');
                length = close + 2;
                if (close < 0 || (length < one.Length && one[length] != delimiter))
                    return 0;
            }
            else
            {
                length = one.IndexOf(delimiter);
                length = length < 0 ? one.Length : length;
                if (one[..length].Contains('"'))
                    return 0;
            }
            if (length == one.Length)
                return columns;
            one = one[(length + 1)..];
        }
    }

    private Step TooLong(ReadOnlySpan<char> chars) =>
        Broken(chars, "record_too_long", $"A record of more than {limits.RecordChars:N0} characters; a quotation mark may not be closed.");

    /// <summary>Gives up the record's first line only.</summary>
    private Step Broken(ReadOnlySpan<char> chars, string code, string detail)
    {
        var newLine = chars.IndexOf('\n');
        if (newLine < 0 && !ended && chars.Length <= limits.RecordChars)
            return Step.More;
        // The rest of a line that is longer than the buffer is no record of its own.
        inGivenUpLine = newLine < 0;
        var consumed = newLine < 0 ? chars.Length : newLine + 1;
        rereadBudget -= chars.Length - consumed;
        return new Step(new CsvRecord(line, [], new CsvProblem(code, detail)), consumed, 1, NeedsMore: false);
    }

    /// <returns>False when the line goes on after what has been read.</returns>
    private bool SkipToLineEnd()
    {
        var newLine = buffer.AsSpan(start, end - start).IndexOf('\n');
        start = newLine < 0 ? end : start + newLine + 1;
        inGivenUpLine = newLine < 0;
        return newLine >= 0;
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        if (start > 0 && (start == end || end == buffer.Length || start > buffer.Length / 2))
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }
        if (end == buffer.Length)
            Array.Resize(ref buffer, buffer.Length * 2);
        var read = await text.ReadAsync(buffer.AsMemory(end), ct);
        end += read;
        ended = read == 0;
    }
}

/// <summary>What one record may cost.</summary>
internal sealed record CsvLimits
{
    public int RecordChars { get; init; } = 4 << 20;

    public int Fields { get; init; } = 16_384;

    /// <summary>Quotation marks inside quoted fields that are taken as text before the record counts as broken.</summary>
    public int StrayQuotes { get; init; } = 1_000;

    /// <summary>Characters that may be read a second time because of broken records, in the whole file.</summary>
    public long RereadChars { get; init; } = 256L << 20;
}
