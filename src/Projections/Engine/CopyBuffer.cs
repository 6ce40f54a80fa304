using System.Buffers.Binary;
using System.Text;

namespace Events.Projections.Engine;

/// <summary>
/// Rows in PostgreSQL's binary COPY format, big-endian, as they go over the wire: no parameter objects and no round trips to
/// the type mapper between an event and its row.
/// </summary>
internal sealed class CopyBuffer
{
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private byte[] bytes = new byte[1 << 17];

    public int Length { get; private set; }

    /// <summary>What was written; valid until the next write, which begins anew.</summary>
    public ArraySegment<byte> Take()
    {
        var written = new ArraySegment<byte>(bytes, 0, Length);
        Length = 0;
        return written;
    }

    public void Header()
    {
        ReadOnlySpan<byte> signature = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00];
        signature.CopyTo(Reserve(signature.Length));
        Int32(0);
        Int32(0);
    }

    public void Trailer() => Int16(-1);

    public void Row(short columns) => Int16(columns);

    public void Null() => Int32(-1);

    public void Uuid(Guid value)
    {
        Int32(16);
        value.TryWriteBytes(Reserve(16), bigEndian: true, out _);
    }

    public void Uuid(Guid? value)
    {
        if (value is { } some)
            Uuid(some);
        else
            Null();
    }

    public void Smallint(short value)
    {
        Int32(2);
        Int16(value);
    }

    public void Smallint(short? value)
    {
        if (value is { } some)
            Smallint(some);
        else
            Null();
    }

    public void Integer(int value)
    {
        Int32(4);
        Int32(value);
    }

    public void Bigint(long value)
    {
        Int32(8);
        BinaryPrimitives.WriteInt64BigEndian(Reserve(8), value);
    }

    public void Boolean(bool value)
    {
        Int32(1);
        Reserve(1)[0] = value ? (byte)1 : (byte)0;
    }

    public void Timestamp(DateTimeOffset value) => Bigint((value.UtcDateTime - Epoch).Ticks / TimeSpan.TicksPerMicrosecond);

    public void Timestamp(DateTimeOffset? value)
    {
        if (value is { } some)
            Timestamp(some);
        else
            Null();
    }

    public void Date(DateOnly? value)
    {
        if (value is { } some)
            Integer(some.DayNumber - DateOnly.FromDateTime(Epoch).DayNumber);
        else
            Null();
    }

    public void Text(string? value)
    {
        if (value is null)
        {
            Null();
            return;
        }

        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        Ensure(most + 4);
        var length = Encoding.UTF8.GetBytes(value, bytes.AsSpan(Length + 4));
        Int32(length);
        Length += length;
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        Int32(utf8.Length);
        utf8.CopyTo(Reserve(utf8.Length));
    }

    /// <summary>A one-dimensional <c>varchar[]</c>.</summary>
    public void TextArray(IReadOnlyList<string> values)
    {
        const int VarcharOid = 1043;
        var start = Length;
        Int32(0);
        Int32(values.Count == 0 ? 0 : 1);
        Int32(0);
        Int32(VarcharOid);
        if (values.Count > 0)
        {
            Int32(values.Count);
            Int32(1);
            for (var i = 0; i < values.Count; i++)
                Text(values[i]);
        }

        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(start), Length - start - 4);
    }

    /// <summary>A <c>tsvector</c>: lexemes with a position each, weight in the two highest bits.</summary>
    public void Lexemes(IReadOnlyList<(string Lexeme, ushort Position)> lexemes)
    {
        var start = Length;
        Int32(0);
        Int32(lexemes.Count);
        foreach (var (lexeme, position) in lexemes)
        {
            Ensure(Encoding.UTF8.GetMaxByteCount(lexeme.Length) + 1);
            Length += Encoding.UTF8.GetBytes(lexeme, bytes.AsSpan(Length));
            Reserve(1)[0] = 0;
            Int16(1);
            Int16((short)position);
        }

        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(start), Length - start - 4);
    }

    /// <summary>A <c>numeric</c>: groups of four digits, as PostgreSQL keeps them.</summary>
    public void Numeric(decimal? value)
    {
        if (value is not { } some)
        {
            Null();
            return;
        }

        var scale = some.Scale;
        var parts = decimal.GetBits(some);
        var digits = new UInt128((uint)parts[2], ((ulong)(uint)parts[1] << 32) | (uint)parts[0]);
        // Groups count from the decimal point: pad the fraction to whole groups.
        for (var pad = (4 - (scale % 4)) % 4; pad > 0; pad--)
            digits *= 10;
        Span<short> groups = stackalloc short[16];
        var count = 0;
        for (; digits > 0; digits /= 10_000)
            groups[count++] = (short)(digits % 10_000);
        var fractions = (scale + 3) / 4;
        var weight = count - fractions - 1;
        var lowest = 0;
        while (lowest < count && groups[lowest] == 0)
            lowest++;

        Int32(8 + (2 * (count - lowest)));
        Int16((short)(count - lowest));
        Int16((short)(count == 0 ? 0 : weight));
        Int16(some < 0 ? (short)0x4000 : (short)0);
        Int16(scale);
        for (var i = count - 1; i >= lowest; i--)
            Int16(groups[i]);
    }

    private void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Reserve(2), value);

    private void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);

    private Span<byte> Reserve(int length)
    {
        Ensure(length);
        var span = bytes.AsSpan(Length, length);
        Length += length;
        return span;
    }

    private void Ensure(int length)
    {
        if (bytes.Length - Length < length)
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + length));
    }
}
