using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Backups;

/// <param name="Number">Of the line, from 1; the heading is line 1.</param>
/// <param name="Event">Null with a problem.</param>
internal sealed record BackupRow(long Number, BackupLine? Event, string? Problem, int Bytes);

/// <summary>Reads a backup line by line. What its last line says of count and checksum is compared with what was read.</summary>
internal sealed class BackupReader
{
    private const int MaxLine = 1 << 20;

    /// <summary>Of the events read so far, as the file has them.</summary>
    public EventSetChecksum Checksum { get; } = new();

    /// <exception cref="UnreadableFileException">Not a backup, cut off, or changed since it was written.</exception>
    public async IAsyncEnumerable<BackupRow> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var number = 0L;
        var ended = false;
        await foreach (var line in LinesAsync(stream, ct))
        {
            number++;
            if (number == 1)
            {
                RequireHeading(line);
                continue;
            }
            if (ended)
                throw new UnreadableFileException("backup_continues", $"Line {number} follows the backup's last line.");
            if (line.AsSpan().StartsWith("{\"end\":"u8))
            {
                RequireEnd(line);
                ended = true;
                continue;
            }
            yield return Row(number, line);
        }
        if (number == 0)
            throw new UnreadableFileException("empty_file", "The file is empty.");
        if (!ended)
            throw new UnreadableFileException("backup_cut_off", $"The backup breaks off after {number:N0} lines: its last line is missing.");
    }

    private BackupRow Row(long number, byte[] line)
    {
        try
        {
            var read = BackupLine.Read(line);
            Checksum.Add(line);
            return new BackupRow(number, read, null, line.Length);
        }
        catch (JsonException broken)
        {
            return new BackupRow(number, null, broken.Message, line.Length);
        }
    }

    private static void RequireHeading(byte[] line)
    {
        try
        {
            using var heading = JsonDocument.Parse(line);
            if (heading.RootElement.TryGetProperty("format"u8, out var format) && format.GetString() == BackupWriter.Format)
                return;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            // Said below.
        }
        throw new UnreadableFileException("not_a_backup", $"The first line is not the heading of a backup ({{\"format\":\"{BackupWriter.Format}\",…}}).");
    }

    private void RequireEnd(byte[] line)
    {
        using var end = JsonDocument.Parse(line);
        var said = end.RootElement.GetProperty("checksum"u8).GetString();
        if (said != Checksum.ToString())
            throw new UnreadableFileException("backup_changed", $"The backup was changed after it was written: its checksum says {said}, its lines give {Checksum}.");
    }

    private static async IAsyncEnumerable<byte[]> LinesAsync(Stream stream, [EnumeratorCancellation] CancellationToken ct)
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 1 << 18, minimumReadSize: 1 << 16, leaveOpen: true));
        try
        {
            while (true)
            {
                var read = await pipe.ReadAsync(ct);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = buffer.Slice(0, end).ToArray();
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    if (line.Length > 0)
                        yield return line[^1] == '\r' ? line[..^1] : line;
                }
                if (buffer.Length > MaxLine)
                    throw new UnreadableFileException("line_too_long", $"A line has more than {MaxLine:N0} bytes.");
                if (read.IsCompleted)
                {
                    if (!buffer.IsEmpty)
                        yield return buffer.ToArray();
                    yield break;
                }
                pipe.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }
}
