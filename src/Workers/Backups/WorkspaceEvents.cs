using System.Buffers;
using System.Runtime.CompilerServices;
using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Workers.Backups;

/// <summary>
/// The events of a workspace that a backup holds, in the order in which they were recorded: all but the stream of the workspace
/// itself (members, tokens, settings), which belongs to the place and not to the work.
/// </summary>
public sealed class WorkspaceEvents(EventReader reader, NpgsqlDataSource database)
{
    private const int Page = 500;

    private const string PositionSql =
        """
        select coalesce(max(seq_id), 0)
        from mt_events
        """;

    /// <summary>Of the last event that is committed now.</summary>
    public async Task<long> PositionAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(PositionSql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    public async IAsyncEnumerable<BackupLine> ReadAsync(TenantId tenant, long upTo, [EnumeratorCancellation] CancellationToken ct)
    {
        var workspace = Guid.TryParse(tenant.Value, out var id) ? id : Guid.Empty;
        var events = reader.ReadAllAsync(0, new EventFilter { Tenant = tenant, UpTo = upTo }, ct).Where(e => e.StreamId != workspace);
        await foreach (var page in events.Chunk(Page).WithCancellation(ct))
        {
            var types = await TypesAsync(tenant, [.. page.Where(static e => e.Version == 1).Select(static e => e.StreamId)], ct);
            foreach (var recorded in page)
                yield return BackupLine.From(recorded, recorded.Version == 1 ? types.GetValueOrDefault(recorded.StreamId) : null);
        }
    }

    /// <summary>Of everything that <see cref="ReadAsync"/> gives.</summary>
    public async Task<EventSetChecksum> ChecksumAsync(TenantId tenant, long upTo, CancellationToken ct)
    {
        var checksum = new EventSetChecksum();
        var line = new ArrayBufferWriter<byte>(4096);
        await foreach (var recorded in ReadAsync(tenant, upTo, ct))
        {
            line.ResetWrittenCount();
            recorded.WriteTo(line);
            checksum.Add(line.WrittenSpan);
        }
        return checksum;
    }

    private const string TypesSql =
        """
        select id, type
        from mt_streams
        where tenant_id = $1 and id = any ($2) and type is not null
        """;

    private async Task<Dictionary<Guid, string>> TypesAsync(TenantId tenant, Guid[] streams, CancellationToken ct)
    {
        var types = new Dictionary<Guid, string>(streams.Length);
        if (streams.Length == 0)
            return types;
        await using var command = database.CreateCommand(TypesSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = streams });
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            types[rows.GetGuid(0)] = rows.GetString(1);
        return types;
    }
}
