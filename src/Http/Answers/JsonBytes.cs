using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Events.Http.Answers;

/// <summary>Small JSON made in memory: the writer and its buffer are kept per thread, so that a request makes only its bytes.</summary>
public static class JsonBytes
{
    private const int KeptBytes = 64 << 10;

    // Answers are JSON documents, never parts of HTML: only what JSON itself demands is escaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? writer;

    /// <param name="write">Must not render another document on the way, nor wait.</param>
    public static byte[] Render<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        var bytes = buffer ?? new ArrayBufferWriter<byte>(1_024);
        var json = writer ?? new Utf8JsonWriter(bytes, Options);
        (buffer, writer) = (null, null);
        bytes.ResetWrittenCount();
        json.Reset(bytes);
        write(json, value);
        json.Flush();
        var result = bytes.WrittenSpan.ToArray();
        if (bytes.Capacity <= KeptBytes)
            (buffer, writer) = (bytes, json);
        return result;
    }
}
