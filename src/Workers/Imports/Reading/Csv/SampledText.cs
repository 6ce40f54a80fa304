namespace Events.Workers.Imports.Reading.Csv;

/// <summary>A text whose beginning was looked at and is read again before the rest.</summary>
internal sealed class SampledText : TextReader
{
    private const int SampleChars = 128 << 10;

    private readonly TextReader rest;
    private ReadOnlyMemory<char> ahead;

    private SampledText(TextReader rest, ReadOnlyMemory<char> sample)
    {
        this.rest = rest;
        ahead = sample;
        Sample = sample;
    }

    public ReadOnlyMemory<char> Sample { get; }

    /// <summary>Whether the sample is all there is.</summary>
    public bool IsWhole => Sample.Length < SampleChars;

    public static async Task<SampledText> ReadAsync(TextReader text, CancellationToken ct)
    {
        var sample = new char[SampleChars];
        var length = await text.ReadBlockAsync(sample, ct);
        return new SampledText(text, sample.AsMemory(0, length));
    }

    /// <summary>Leaves out the first characters when reading.</summary>
    public void Skip(int chars) => ahead = ahead[chars..];

    public override async ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
    {
        if (ahead.IsEmpty)
            return await rest.ReadAsync(buffer, cancellationToken);
        var taken = Math.Min(buffer.Length, ahead.Length);
        ahead[..taken].CopyTo(buffer);
        ahead = ahead[taken..];
        return taken;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            rest.Dispose();
        base.Dispose(disposing);
    }
}
