namespace Events.Workers.Imports.Reading;

/// <summary>The uploaded file: opened as often as a format needs to pass over it, its bytes counted for progress.</summary>
/// <param name="size">Bytes, as stored.</param>
public sealed class ImportSource(Func<CancellationToken, Task<Stream>> open, long size, UnpackLimits limits)
{
    private long consumed;

    public long Size => size;

    /// <summary>Stored bytes read in the current pass.</summary>
    public long Consumed => Volatile.Read(ref consumed);

    /// <summary>From the first byte, unpacked when it is packed. Bounded by <see cref="UnpackLimits"/>.</summary>
    /// <exception cref="UnreadableFileException">Packed in a way that is not read, or unpacking to more than the limits.</exception>
    public async Task<Stream> OpenAsync(CancellationToken ct)
    {
        Volatile.Write(ref consumed, 0);
        return await Unpacking.OpenAsync(new CountedStream(await open(ct), read => Interlocked.Add(ref consumed, read)), size, limits, ct);
    }
}
