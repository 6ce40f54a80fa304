using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Events.Http.Lists;

/// <summary>Leaves only the wanted members of rendered objects, in their order, their bytes untouched.</summary>
public static class SparseFields
{
    /// <param name="items">JSON objects, separated by commas.</param>
    public static ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> items, IReadOnlyList<string> fields)
    {
        if (items.IsEmpty)
            return items;
        var names = fields.Select(f => Encoding.UTF8.GetBytes(f)).ToArray();
        var output = new ArrayBufferWriter<byte>(items.Length);
        // Values in a row are separated by commas here, which a reader of several values does not take: read object by object.
        var at = 0;
        while (at < items.Length)
        {
            var one = new Utf8JsonReader(items.Span[at..], new JsonReaderOptions { AllowMultipleValues = true });
            one.Read();
            if (at > 0)
                output.Write(","u8);
            Copy(ref one, items.Span[at..], names, output);
            at += (int)one.BytesConsumed;
            while (at < items.Length && items.Span[at] != (byte)'{')
                at++;
        }

        return output.WrittenMemory;
    }

    private static void Copy(ref Utf8JsonReader reader, ReadOnlySpan<byte> source, byte[][] names, ArrayBufferWriter<byte> output)
    {
        output.Write("{"u8);
        var first = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = false;
            foreach (var name in names)
                wanted |= reader.ValueTextEquals(name);
            var start = (int)reader.TokenStartIndex;
            reader.Read();
            reader.Skip();
            if (!wanted)
                continue;
            if (!first)
                output.Write(","u8);
            output.Write(source[start..(int)reader.BytesConsumed]);
            first = false;
        }

        output.Write("}"u8);
    }
}
