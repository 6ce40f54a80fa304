using System.Text;

namespace Events.Workers.Imports.Reading;

/// <summary>Text files as people have them: UTF-8 with or without a mark, UTF-16, or an old Windows code page.</summary>
internal static class SourceText
{
    private const int SampleBytes = 64 << 10;

    static SourceText() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Detects the encoding from the first bytes unless <paramref name="given"/> names it.</summary>
    /// <exception cref="UnreadableFileException">An unknown name, or bytes that are no text.</exception>
    public static async Task<(StreamReader Reader, string Encoding)> OpenAsync(Stream stream, string? given, CancellationToken ct)
    {
        var (encoding, _, whole) = await DetectAsync(stream, given, ct);
        return (new StreamReader(whole, encoding, detectEncodingFromByteOrderMarks: false, bufferSize: 1 << 16), encoding.WebName);
    }

    /// <summary>The same as UTF-8 bytes; costs nothing when they are that already.</summary>
    public static async Task<Stream> OpenUtf8Async(Stream stream, CancellationToken ct)
    {
        var (encoding, clean, whole) = await DetectAsync(stream, null, ct);
        return clean ? whole : Encoding.CreateTranscodingStream(whole, encoding, new UTF8Encoding(false));
    }

    private static async Task<(Encoding Encoding, bool CleanUtf8, Stream Whole)> DetectAsync(Stream stream, string? given, CancellationToken ct)
    {
        var sample = new byte[SampleBytes];
        var length = await stream.ReadAtLeastAsync(sample, sample.Length, throwOnEndOfStream: false, ct);
        var (encoding, mark) = given is null ? Detect(sample.AsSpan(0, length)) : (Named(given), MarkOf(sample.AsSpan(0, length)).Length);
        if (encoding is UTF8Encoding && sample.AsSpan(0, length).Contains((byte)0))
            throw new UnreadableFileException("not_text", "The file holds NUL bytes: it is not a text file. A spreadsheet must be saved as CSV first.");
        var clean = encoding is UTF8Encoding && IsUtf8(sample.AsSpan(0, length));
        return (encoding, clean, new CountedStream(stream, static _ => { }, sample.AsMemory(mark, length - mark)));
    }

    private static (Encoding Encoding, int MarkBytes) Detect(ReadOnlySpan<byte> sample)
    {
        var (marked, length) = MarkOf(sample);
        if (marked is not null)
            return (marked, length);
        // Latin text in UTF-16 without a mark has a zero in every other byte.
        if (sample.Length >= 4 && sample.Contains((byte)0))
        {
            var even = 0;
            var odd = 0;
            for (var i = 0; i + 1 < sample.Length; i += 2)
            {
                even += sample[i] == 0 ? 1 : 0;
                odd += sample[i + 1] == 0 ? 1 : 0;
            }
            var pairs = sample.Length / 2;
            if (odd > pairs * 6 / 10 && even < pairs / 10)
                return (Encoding.Unicode, 0);
            if (even > pairs * 6 / 10 && odd < pairs / 10)
                return (Encoding.BigEndianUnicode, 0);
        }
        return (Utf8OrWindows(), 0);
    }

    private static (Encoding? Encoding, int Length) MarkOf(ReadOnlySpan<byte> sample)
    {
        if (sample.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            return (Utf8OrWindows(), 3);
        if (sample.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE, 0, 0]))
            return (Encoding.UTF32, 4);
        if (sample.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return (Encoding.Unicode, 2);
        return sample.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? (Encoding.BigEndianUnicode, 2) : (null, 0);
    }

    private static Encoding Named(string name)
    {
        try
        {
            return string.Equals(name, "utf-8", StringComparison.OrdinalIgnoreCase) ? Utf8OrWindows() : Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            throw new UnreadableFileException("unknown_encoding", $"'{name}' is not a known encoding; try utf-8, utf-16, windows-1252 or iso-8859-1.");
        }
    }

    private static bool IsUtf8(ReadOnlySpan<byte> sample)
    {
        // A character cut off by the end of the sample is no fault.
        var end = sample.Length;
        for (var back = 1; back <= 3 && back <= end; back++)
        {
            if ((sample[^back] & 0xC0) == 0xC0)
            {
                end -= back;
                break;
            }
        }
        return System.Text.Unicode.Utf8.IsValid(sample[..end]);
    }

    /// <summary>
    /// UTF-8 in which a byte that does not belong is read as Windows-1252. Text in that code page so comes out right wherever in the
    /// file its first accent stands: valid UTF-8 sequences of accented text are next to impossible by accident.
    /// </summary>
    private static UTF8Encoding Utf8OrWindows() => (UTF8Encoding)Utf8WithFallback.Clone();

    private static Encoding Utf8WithFallback { get; } = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new WindowsFallback());

    private sealed class WindowsFallback : DecoderFallback
    {
        public override int MaxCharCount => 4;

        public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer();

        private sealed class Buffer : DecoderFallbackBuffer
        {
            private static readonly Encoding Windows = Encoding.GetEncoding(1252);
            private string text = "";
            private int next;

            public override int Remaining => text.Length - next;

            public override bool Fallback(byte[] bytesUnknown, int index)
            {
                text = Windows.GetString(bytesUnknown);
                next = 0;
                return text.Length > 0;
            }

            public override char GetNextChar() => next < text.Length ? text[next++] : '\0';

            public override bool MovePrevious()
            {
                if (next == 0)
                    return false;
                next--;
                return true;
            }

            public override void Reset()
            {
                text = "";
                next = 0;
            }
        }
    }
}
