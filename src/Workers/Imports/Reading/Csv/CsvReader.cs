using System.Buffers;
using System.Runtime.CompilerServices;

namespace Events.Workers.Imports.Reading.Csv;

/// <summary>
/// Reads CSV records from a text of any size, holding one record at a time. A record that cannot be right is given as a problem
/// for its first line, and reading goes on with the next line: one broken line costs one row, never the rest of the file.
/// </summary>
/// <remarks>
/// A quote that never closes makes everything after it look like one field. So a record is kept as text until it is known to be
/// good; when it turns out too long, ends in the middle of a quote, or has stray quotes and another number of fields than the header,
/// the reader goes back to the end of its first line. What is read twice is counted: a file that is all stray quotes soon gets read
/// strictly by lines, so the work stays proportional to its size. Text becomes strings only when its record is good: of a record that
/// is too long nothing is held but the buffer, whose size the limit sets; its end is looked for piece by piece.
/// </remarks>
internal sealed class CsvReader(TextReader text, char delimiter, CsvLimits limits)
{
    private const int SmallBuffer = 1 << 16;

    private readonly SearchValues<char> unquotedEnds = SearchValues.Create([delimiter, '\r', '\n']);
    private readonly List<FieldText> fields = [];
    private char[] buffer = new char[SmallBuffer];
    private int start;
    private int end;
    private bool ended;
    private bool inGivenUpLine;
    private LongRecord? passing;
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
            if (passing is not null && !PassRecord())
            {
                await FillAsync(ct);
                continue;
            }
            var step = Parse(byLine: rereadBudget <= 0);
            if (step.NeedsMore && end - start > limits.RecordChars)
                step = TooLong();
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

    /// <param name="Start">In the record's text, after an opening quote.</param>
    /// <param name="HasQuotes">Quotes stand inside: doubled ones count once.</param>
    private readonly record struct FieldText(int Start, int Length, bool HasQuotes);

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
        fields.Clear();
        var position = 0;
        var lines = 0L;
        var strayQuotes = 0;
        while (true)
        {
            if (fields.Count > limits.Fields)
                return Broken(chars, position, "too_many_columns", $"More than {limits.Fields:N0} columns.");
            if (position < chars.Length && chars[position] == '"')
            {
                var quoted = Quoted(chars, position, byLine, ref lines, ref strayQuotes);
                if (quoted == NeedMore)
                    return Step.More;
                if (quoted == Unclosed)
                    return Broken(chars, chars.Length, "unclosed_quote", "A quotation mark opens here and never closes.");
                position = quoted;
            }
            else
            {
                var length = chars[position..].IndexOfAny(unquotedEnds);
                if (length < 0)
                {
                    if (!ended)
                        return Step.More;
                    length = chars.Length - position;
                }
                fields.Add(new FieldText(position, length, HasQuotes: false));
                position += length;
            }
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
            return TooLong();
        return Finished(chars[..position], lines, strayQuotes);
    }

    private const int NeedMore = -1;
    private const int Unclosed = -2;

    /// <returns>Where the field ends, <see cref="NeedMore"/> or <see cref="Unclosed"/>.</returns>
    private int Quoted(ReadOnlySpan<char> chars, int open, bool byLine, ref long lines, ref int strayQuotes)
    {
        var hasQuotes = false;
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
                hasQuotes = true;
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
                fields.Add(new FieldText(open + 1, position - open - 2, hasQuotes));
                return after;
            }
            // Someone wrote "He said "hi"" without doubling: kept as text if the record turns out to fit.
            strayQuotes++;
            if (strayQuotes > limits.StrayQuotes)
                return Unclosed;
            hasQuotes = true;
        }
    }

    private Step Finished(ReadOnlySpan<char> record, long lines, int strayQuotes)
    {
        var isBlank = fields is [{ Length: 0 }];
        if (Columns > 0 && strayQuotes > 0 && lines > 0 && (fields.Count != Columns || SwallowedRecord(record)))
            return Broken(record, record.Length, "stray_quote", "A quotation mark stands in the middle of a field, or opens and does not close.");
        if (Columns > 0 && fields.Count > Columns && fields.Skip(Columns).All(static f => f.Length == 0))
            fields.RemoveRange(Columns, fields.Count - Columns);
        var problem = Columns == 0 || fields.Count == Columns || isBlank
            ? null
            : new CsvProblem("wrong_column_count", $"{fields.Count:N0} columns instead of {Columns:N0}.");
        return new Step(new CsvRecord(line, problem is null ? Texts(record) : [], problem), record.Length, lines + 1, NeedsMore: false);
    }

    private string[] Texts(ReadOnlySpan<char> record)
    {
        var texts = new string[fields.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            var (at, length, hasQuotes) = fields[i];
            texts[i] = hasQuotes ? Undoubled(record.Slice(at, length)) : new string(record.Slice(at, length));
        }
        return texts;
    }

    private static string Undoubled(ReadOnlySpan<char> quoted)
    {
        var length = quoted.Length;
        for (var rest = quoted; rest.IndexOf('"') is >= 0 and var at; rest = AfterQuote(rest, at))
            length -= IsDoubled(rest, at) ? 1 : 0;
        return string.Create(length, quoted, static (text, rest) =>
        {
            for (int at; (at = rest.IndexOf('"')) >= 0; rest = AfterQuote(rest, at))
            {
                rest[..(at + 1)].CopyTo(text);
                text = text[(at + 1)..];
            }
            rest.CopyTo(text);
        });
    }

    private static ReadOnlySpan<char> AfterQuote(ReadOnlySpan<char> text, int at) => text[(IsDoubled(text, at) ? at + 2 : at + 1)..];

    private static bool IsDoubled(ReadOnlySpan<char> text, int at) => at + 1 < text.Length && text[at + 1] == '"';

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

    private Step TooLong()
    {
        passing = new LongRecord { Seen = end - start };
        var detail = $"A record of more than {limits.RecordChars:N0} characters; a quotation mark may not be closed.";
        return new Step(new CsvRecord(line, [], new CsvProblem("record_too_long", detail)), Consumed: 0, Lines: 0, NeedsMore: false);
    }

    /// <summary>A record that is passed over: it ends with a line whose quotes are all closed.</summary>
    private sealed class LongRecord
    {
        public bool AtLineStart { get; set; }

        public bool InQuotes { get; set; }

        /// <summary>Characters ahead that have been read already.</summary>
        public int Seen { get; set; }
    }

    /// <returns>False when the record goes on after what is in the buffer.</returns>
    private bool PassRecord()
    {
        while (true)
        {
            var chars = buffer.AsSpan(start, end - start);
            var newLine = chars.IndexOf('\n');
            if (passing!.AtLineStart)
            {
                if (newLine < 0 && !ended && chars.Length < SmallBuffer)
                    return false;
                // The quote was never meant to reach this far.
                var one = newLine < 0 ? chars : chars[..newLine];
                if (!passing.InQuotes || (Columns > 0 && CleanColumns(one.TrimEnd('\r')) == Columns))
                    break;
            }
            var piece = newLine < 0 ? chars : chars[..(newLine + 1)];
            passing.InQuotes ^= piece.Count('"') % 2 == 1;
            passing.AtLineStart = newLine >= 0;
            passing.Seen -= piece.Length;
            start += piece.Length;
            line += newLine >= 0 ? 1 : 0;
            if (newLine >= 0)
                continue;
            if (!ended)
                return false;
            break;
        }
        rereadBudget -= Math.Max(0, passing.Seen);
        passing = null;
        return true;
    }

    /// <summary>Gives up the record's first line only.</summary>
    /// <param name="seen">How far the record has been read, and what comes after its first line is read again.</param>
    private Step Broken(ReadOnlySpan<char> chars, int seen, string code, string detail)
    {
        var newLine = chars.IndexOf('\n');
        if (newLine < 0 && !ended && chars.Length <= limits.RecordChars)
            return Step.More;
        // The rest of a line that is longer than the buffer is no record of its own.
        inGivenUpLine = newLine < 0;
        var consumed = newLine < 0 ? chars.Length : newLine + 1;
        rereadBudget -= Math.Max(0, seen - consumed);
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

    /// <summary>
    /// Reads on. What is pending has been looked at in vain and will be looked at from its beginning again: at least as much is added
    /// to it, so that a long record is not gone through for every piece that arrives.
    /// </summary>
    private async ValueTask FillAsync(CancellationToken ct)
    {
        var pending = end - start;
        if (start > 0 && (pending == 0 || start + (2 * pending) >= buffer.Length || start > buffer.Length / 2))
        {
            buffer.AsSpan(start, pending).CopyTo(buffer);
            end = pending;
            start = 0;
        }
        if (end == buffer.Length)
            Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limits.RecordChars + SmallBuffer));
        int read;
        do
        {
            read = await text.ReadAsync(buffer.AsMemory(end), ct);
            end += read;
        }
        while (read > 0 && end < buffer.Length && end - start < 2 * pending);
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
