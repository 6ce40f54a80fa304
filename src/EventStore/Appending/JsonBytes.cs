using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Events.EventStore.Appending;

/// <summary>Serialises with one buffer and one writer a thread.</summary>
internal static class JsonBytes
{
    private const int LargestKept = 256 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? writer;

    public static byte[] Of(object value, JsonTypeInfo json)
    {
        var target = Rent();
        try
        {
            JsonSerializer.Serialize(target, value, json);
            target.Flush();
            return buffer!.WrittenSpan.ToArray();
        }
        finally
        {
            Return();
        }
    }

    /// <summary>A writer into this thread's buffer; give it back with <see cref="Return"/>.</summary>
    public static Utf8JsonWriter Rent()
    {
        buffer ??= new ArrayBufferWriter<byte>(1024);
        // It goes into jsonb, never into HTML: escaping what is not ASCII would only make it longer.
        writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        return writer;
    }

    public static byte[] Written()
    {
        writer!.Flush();
        return buffer!.WrittenSpan.ToArray();
    }

    public static void Return()
    {
        if (buffer!.Capacity > LargestKept)
        {
            buffer = null;
            writer = null;
            return;
        }

        buffer.ResetWrittenCount();
        writer!.Reset();
    }

    /// <summary>
    /// Whether jsonb takes the escapes of a well-formed JSON text: it has no NUL, and surrogates come in pairs.
    /// </summary>
    public static bool IsStorable(ReadOnlySpan<byte> json)
    {
        while (true)
        {
            var at = json.IndexOf((byte)'\\');
            if (at < 0)
                return true;
            if (at + 1 >= json.Length)
                return false;
            if (json[at + 1] != (byte)'u')
            {
                json = json[(at + 2)..];
                continue;
            }

            if (!TryUnit(json[at..], out var unit) || unit == 0 || char.IsLowSurrogate(unit))
                return false;
            json = json[(at + 6)..];
            if (!char.IsHighSurrogate(unit))
                continue;
            if (!TryUnit(json, out var low) || !char.IsLowSurrogate(low))
                return false;
            json = json[6..];
        }
    }

    private static bool TryUnit(ReadOnlySpan<byte> json, out char unit)
    {
        unit = default;
        if (json.Length < 6 || json[0] != (byte)'\\' || json[1] != (byte)'u')
            return false;
        var value = 0;
        foreach (var digit in json.Slice(2, 4))
        {
            if (!char.IsAsciiHexDigit((char)digit))
                return false;
            value = (value << 4) + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        unit = (char)value;
        return true;
    }
}
