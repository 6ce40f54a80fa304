using System.Buffers;
using System.Text;
using System.Text.Json;
using Events.Platform.Tenancy;

namespace Events.Workers.Backups;

/// <summary>Writes a workspace's events as NDJSON: a heading, a line an event, and a last line with count and checksum.</summary>
public sealed class BackupWriter(WorkspaceEvents events, TimeProvider time)
{
    public const string Format = "events-backup-1";

    private const int FlushBytes = 1 << 18;

    public async Task<EventSetChecksum> WriteAsync(TenantId tenant, long upTo, Stream output, Action<long> progress, CancellationToken ct)
    {
        var checksum = new EventSetChecksum();
        var buffer = new ArrayBufferWriter<byte>(FlushBytes * 2);
        Write(buffer, $$"""{"format":"{{Format}}","workspace":{{JsonSerializer.Serialize(tenant.Value)}},"position":{{upTo}},"createdAt":"{{time.GetUtcNow().UtcDateTime:O}}"}""");
        await foreach (var recorded in events.ReadAsync(tenant, upTo, ct))
        {
            var start = buffer.WrittenCount;
            recorded.WriteTo(buffer);
            checksum.Add(buffer.WrittenSpan[start..]);
            buffer.Write("\n"u8);
            if (buffer.WrittenCount < FlushBytes)
                continue;
            await output.WriteAsync(buffer.WrittenMemory, ct);
            buffer.ResetWrittenCount();
            progress(checksum.Count);
        }
        Write(buffer, $$"""{"end":true,"events":{{checksum.Count}},"checksum":"{{checksum}}"}""");
        await output.WriteAsync(buffer.WrittenMemory, ct);
        return checksum;
    }

    private static void Write(ArrayBufferWriter<byte> buffer, string line)
    {
        Encoding.UTF8.GetBytes(line, buffer);
        buffer.Write("\n"u8);
    }
}
