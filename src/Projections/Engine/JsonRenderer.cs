using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Events.Projections.Engine;

/// <summary>One buffer for rendering many rows; not for several threads.</summary>
internal sealed class JsonRenderer : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Utf8JsonWriter writer;

    // The rows are served as application/json and never inside HTML: people's letters stay as they are.
    public JsonRenderer() => writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Render<T>(T row, Action<T, Utf8JsonWriter> write)
    {
        buffer.ResetWrittenCount();
        writer.Reset();
        write(row, writer);
        writer.Flush();
        return buffer.WrittenSpan;
    }

    public string RenderText<T>(T row, Action<T, Utf8JsonWriter> write) => Encoding.UTF8.GetString(Render(row, write));

    public void Dispose() => writer.Dispose();
}
