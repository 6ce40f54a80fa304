using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// All events of a range and a share of the streams, in order, by binary COPY parsed from the socket: one object an event and
/// nothing per column. Of the metadata, only what the fold asks for is sent.
/// </summary>
internal sealed class EventCopyReader(EventTypes types, Projection projection, RebuildPace pace)
{
    private const int BlockBytes = 1 << 20;
    private const int HeaderBytes = 19;
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly string data = DataColumn(types, projection);
    private readonly string headers = projection.Needs switch
    {
        MetadataNeed.ActorAndTimes => "headers",
        // Few events have them: those that were imported or restored.
        MetadataNeed.Times => $"case when headers ? '{EventMetadata.OccurredAtHeader}' or headers ? '{EventMetadata.RecordedAtHeader}' then headers end",
        _ => "null::jsonb",
    };

    private readonly Dictionary<string, TenantId> tenants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> aliases = types.Aliases.ToDictionary(a => a, a => a, StringComparer.Ordinal);
    private byte[] block = new byte[BlockBytes];

    // The aliases are this build's own, in snake case. Data that is not folded need not be sent; where most is folded, asking of every
    // event whether it is costs more than sending the rest.
    private static string DataColumn(EventTypes types, Projection projection)
    {
        var aliases = types.Aliases.ToList();
        var handled = aliases.Where(projection.Handles).Select(a => $"'{a}'").ToList();
        if (handled.Count > aliases.Count / 2)
            return "data";
        return handled.Count == 0 ? "null::jsonb" : $"case when type in ({string.Join(", ", handled)}) then data end";
    }

    private string CopySql(long after, long upTo, StreamShare share) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        copy (
            select seq_id, id, tenant_id, stream_id, version, type, timestamp, {headers}, {data}
            from mt_events
            where seq_id > {after} and seq_id <= {upTo} {share.Condition}
            order by seq_id)
        to stdout (format binary)
        """);

    // Every lane is a stream of its own: helpers of the server's would take the cores from the other lanes.
    private const string AloneSql =
        """
        select set_config('max_parallel_workers_per_gather', '0', true)
        """;

    /// <summary>Hands over each event in turn; its data is valid only during the call.</summary>
    /// <returns>Events read.</returns>
    public async Task<long> ReadAsync(NpgsqlConnection connection, long after, long upTo, StreamShare share, Action<RecordedEvent> fold, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var alone = new NpgsqlCommand(AloneSql, connection))
            await alone.ExecuteNonQueryAsync(ct);
        await using var stream = await connection.BeginRawBinaryCopyAsync(CopySql(after, upTo, share), ct);
        int start = 0, end = 0;
        var header = true;
        var count = 0L;
        while (true)
        {
            var read = await stream.ReadAsync(block.AsMemory(end), ct);
            if (read == 0)
                return count;
            end += read;
            if (header)
            {
                if (end < HeaderBytes)
                    continue;
                start = HeaderBytes + BinaryPrimitives.ReadInt32BigEndian(block.AsSpan(15));
                header = false;
            }

            while (TryParse(ref start, end, out var recorded))
            {
                fold(recorded);
                count++;
            }

            await pace.BreatheAsync(ct);
            block.AsSpan(start, end - start).CopyTo(block);
            end -= start;
            start = 0;
            // An event may be larger than the block.
            if (end == block.Length)
                Array.Resize(ref block, block.Length * 2);
        }
    }

    private bool TryParse(ref int start, int end, out RecordedEvent recorded)
    {
        recorded = null!;
        var row = new Fields(block.AsSpan(start, end - start));
        if (!row.TryBegin())
            return false;
        if (!row.TryNext(out var position) || !row.TryNext(out var id) || !row.TryNext(out var tenant) || !row.TryNext(out var streamId)
            || !row.TryNext(out var version) || !row.TryNext(out var type) || !row.TryNext(out var timestamp) || !row.TryNext(out var metadata) || !row.TryNext(out var json))
        {
            return false;
        }

        var alias = Alias(type);
        // jsonb goes over the wire behind one byte of version.
        var body = json.Length > 0 && projection.Handles(alias) ? Body(alias, json[1..]) : null;
        recorded = new RecordedEvent(
            BinaryPrimitives.ReadInt64BigEndian(position),
            new Guid(id, bigEndian: true),
            Tenant(tenant),
            new Guid(streamId, bigEndian: true),
            BinaryPrimitives.ReadInt64BigEndian(version),
            alias,
            json.Length > 0 ? block.AsMemory(start + row.At - json.Length + 1, json.Length - 1) : default,
            new DateTimeOffset(Epoch.AddTicks(BinaryPrimitives.ReadInt64BigEndian(timestamp) * TimeSpan.TicksPerMicrosecond)),
            metadata.Length > 0 ? Metadata(metadata[1..]) : EventMetadata.None,
            IsArchived: false,
            body);
        start += row.At;
        return true;
    }

    private object? Body(string alias, ReadOnlySpan<byte> json)
    {
        try
        {
            if (PlainBodies.TryRead(alias, json) is { } plain)
                return plain;
            return types.TryRead(alias, json, out var body) ? body : null;
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return new UnreadableEvent(error.Message);
        }
    }

    private static EventMetadata Metadata(ReadOnlySpan<byte> json)
    {
        string? actor = null;
        Dictionary<string, string>? times = null;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return EventMetadata.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var time = reader.ValueTextEquals(EventMetadata.OccurredAtHeader) ? EventMetadata.OccurredAtHeader
                : reader.ValueTextEquals(EventMetadata.RecordedAtHeader) ? EventMetadata.RecordedAtHeader
                : null;
            var isActor = reader.ValueTextEquals("actor"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String && isActor)
                actor = reader.GetString();
            else if (reader.TokenType == JsonTokenType.String && time is not null)
                (times ??= new(StringComparer.Ordinal))[time] = reader.GetString()!;
            else
                reader.Skip();
        }

        return new EventMetadata(actor, null, null, null, times);
    }

    private string Alias(ReadOnlySpan<byte> utf8)
    {
        Span<char> text = stackalloc char[utf8.Length <= 128 ? 128 : utf8.Length];
        var name = text[..Encoding.UTF8.GetChars(utf8, text)];
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(aliases.GetAlternateLookup<ReadOnlySpan<char>>(), name, out var exists);
        return exists ? known! : known = name.ToString();
    }

    private TenantId Tenant(ReadOnlySpan<byte> utf8)
    {
        Span<char> text = stackalloc char[utf8.Length <= 128 ? 128 : utf8.Length];
        var name = text[..Encoding.UTF8.GetChars(utf8, text)];
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(tenants.GetAlternateLookup<ReadOnlySpan<char>>(), name, out var exists);
        return exists ? known : known = new TenantId(name.ToString());
    }

    private ref struct Fields(ReadOnlySpan<byte> bytes)
    {
        private const short Columns = 9;
        private readonly ReadOnlySpan<byte> bytes = bytes;

        public int At { get; private set; }

        /// <summary>False behind the last row too: COPY ends with -1 columns.</summary>
        public bool TryBegin()
        {
            if (bytes.Length < 2 || BinaryPrimitives.ReadInt16BigEndian(bytes) != Columns)
                return false;
            At = 2;
            return true;
        }

        /// <summary>Null is empty.</summary>
        public bool TryNext(out ReadOnlySpan<byte> field)
        {
            field = default;
            if (bytes.Length - At < 4)
                return false;
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[At..]);
            At += 4;
            if (length < 0)
                return true;
            if (bytes.Length - At < length)
                return false;
            field = bytes.Slice(At, length);
            At += length;
            return true;
        }
    }
}
