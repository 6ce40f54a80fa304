namespace Events.Chaos.Store;

/// <summary>What a caller was told of a unit.</summary>
internal enum Told
{
    /// <summary>Nothing: it was begun, and its process died before an answer.</summary>
    Nothing,

    /// <summary>It is written.</summary>
    Written,

    /// <summary>It was refused or could not be written: it must not be there.</summary>
    NotWritten,

    /// <summary>Nobody knows.</summary>
    Unknown,
}

/// <summary>
/// A process's record of what its callers were told, one line an act. A line is with the operating system before the act goes on,
/// so it survives the process's death.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly Lock access = new();
    private readonly FileStream file;

    public Journal(string path) => file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);

    public void Begin(Guid unit) => Write($"{unit:D} {Told.Nothing}\n");

    public void End(Guid unit, Told told) => Write($"{unit:D} {told}\n");

    private void Write(string line)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(line);
        lock (access)
            file.Write(bytes);
    }

    /// <summary>The last word on every unit; a line that its process could not finish is none.</summary>
    public static async Task<Dictionary<Guid, Told>> ReadAllAsync(string directory, CancellationToken ct)
    {
        var told = new Dictionary<Guid, Told>();
        foreach (var path in Directory.EnumerateFiles(directory, "*.journal"))
        {
            foreach (var line in await File.ReadAllLinesAsync(path, ct))
            {
                if (line.Split(' ') is [var id, var word] && Guid.TryParse(id, out var unit) && Enum.TryParse<Told>(word, out var parsed))
                    told[unit] = parsed;
            }
        }

        return told;
    }

    public void Dispose() => file.Dispose();
}
