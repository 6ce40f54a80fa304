using System.Buffers;

namespace Events.Workers.Imports.Reading.Json;

/// <summary>
/// Passes over one JSON value of any size, piece by piece, holding nothing of it: brackets are counted, and texts are passed over to
/// the quotation mark that closes them. Whether what is in it is JSON, nobody asks.
/// </summary>
internal sealed class JsonSkip
{
    private static readonly SearchValues<byte> InText = SearchValues.Create("\"\\"u8);
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"[]{},"u8);

    private long depth;
    private bool hasBegun;
    private bool isText;
    private bool isEscaped;

    /// <summary>The comma after the value before it was passed over too.</summary>
    public bool HasComma { get; private set; }

    /// <summary>Moves the buffer past what belongs to the value.</summary>
    /// <returns>True when the value has ended.</returns>
    public bool Advance(ref ReadOnlySequence<byte> buffer)
    {
        var passed = 0L;
        foreach (var segment in buffer)
        {
            var (length, ended) = Advance(segment.Span);
            passed += length;
            if (!ended)
                continue;
            buffer = buffer.Slice(passed);
            return true;
        }
        buffer = buffer.Slice(buffer.End);
        return false;
    }

    private (int Length, bool Ended) Advance(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length)
        {
            if (isText)
            {
                at += PassText(bytes[at..]);
                if (!isText && depth == 0)
                    return (at, true);
                continue;
            }
            var next = bytes[at..].IndexOfAny(Structure);
            hasBegun |= bytes[at..(next < 0 ? bytes.Length : at + next)].ContainsAnyExcept(" \t\r\n"u8);
            if (next < 0)
                break;
            at += next;
            var found = bytes[at];
            // What follows a number is not part of it.
            if (depth == 0 && found is (byte)']' or (byte)'}' || (depth == 0 && found == ',' && hasBegun))
                return (at, true);
            at++;
            HasComma |= depth == 0 && found == ',';
            hasBegun |= found != ',';
            isText = found == '"';
            depth += found switch { (byte)'[' or (byte)'{' => 1, (byte)']' or (byte)'}' => -1, _ => 0 };
            if (depth == 0 && found is (byte)']' or (byte)'}')
                return (at, true);
        }
        return (bytes.Length, false);
    }

    /// <returns>Bytes up to and with the closing quotation mark, or all of them.</returns>
    private int PassText(ReadOnlySpan<byte> bytes)
    {
        if (isEscaped)
        {
            isEscaped = false;
            return 1;
        }
        var end = bytes.IndexOfAny(InText);
        if (end < 0)
            return bytes.Length;
        isEscaped = bytes[end] == '\\';
        isText = isEscaped;
        return end + 1;
    }
}
