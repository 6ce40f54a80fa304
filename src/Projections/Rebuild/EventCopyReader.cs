using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;

namespace Events.Projections.Rebuild;

/// <param name="Block">What their data is part of; free when they are folded.</param>
internal readonly record struct EventBatch(List<RecordedEvent> Events, byte[] Block);

/// <summary>
/// Parses events from the bytes of a binary COPY: one object an event and nothing per column. Of the metadata, only what the fold asks
/// for is sent. Not for several threads.
/// </summary>
internal sealed class EventCopyReader(EventTypes types, Projection projection)
{
    private const int HeaderBytes = 19;
    private const int UsualEvents = 512;
    private const int MostTenants = 4096;
    private const int MostAliases = 256;
    private const int MostBodies = 1024;
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly string data = DataColumn(types, projection);
    private readonly string headers = projection.Needs switch
    {
        MetadataNeed.ActorAndTimes => "headers",
        // Few events have them: those that were imported or restored.
        MetadataNeed.Times => $"case when headers ?| array['{EventMetadata.OccurredAtHeader}', '{EventMetadata.RecordedAtHeader}'] then headers end",
        _ => "null::jsonb",
    };

    private readonly Dictionary<string, KnownTenant> tenants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KnownAlias> aliases = new(StringComparer.Ordinal);
    private readonly Repeats<KnownTenant> recentTenants = new(MostTenants);
    private readonly Repeats<KnownAlias> recentAliases = new(MostAliases);
    private readonly PlainBodies plainBodies = new();
    private byte[] rest = [];
    private bool header;

    private sealed record KnownTenant(TenantId Id);

    // What events of an alias say in few words, others have said before; bodies never change, so that one may stand for all of them.
    private sealed record KnownAlias(string Name, bool IsHandled)
    {
        public Repeats<object>? Bodies { get; } = IsHandled ? new(MostBodies) : null;
    }

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

    /// <summary>COPY of a range and a share of the streams, in order.</summary>
    public string CopySql(long after, long upTo, StreamShare share) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        copy (
            select seq_id, id, tenant_id, stream_id, version, type, timestamp, {headers}, {data}
            from mt_events
            where seq_id > {after} and seq_id <= {upTo} {share.Condition}
            order by seq_id)
        to stdout (format binary)
        """);

    /// <summary>The events of a range in order, block by block.</summary>
    public async IAsyncEnumerable<EventBatch> BatchesAsync(EventRange range, [EnumeratorCancellation] CancellationToken ct)
    {
        rest = [];
        header = true;
        await foreach (var block in range.BlocksAsync(ct))
            yield return Parse(Joined(block));
    }

    // What was left of the block before comes in front of this one; a row may be larger than the room for it.
    private ArraySegment<byte> Joined(ArraySegment<byte> block)
    {
        if (rest.Length == 0)
            return block;
        if (rest.Length > block.Offset)
            return new ArraySegment<byte>([.. rest, .. block]);
        rest.CopyTo(block.Array.AsSpan(block.Offset - rest.Length));
        return new ArraySegment<byte>(block.Array!, block.Offset - rest.Length, block.Count + rest.Length);
    }

    private EventBatch Parse(ArraySegment<byte> block)
    {
        var bytes = block.Array!;
        var (start, end) = (block.Offset, block.Offset + block.Count);
        if (header && block.Count >= HeaderBytes)
        {
            start += HeaderBytes + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(start + HeaderBytes - sizeof(int)));
            header = false;
        }

        var events = new List<RecordedEvent>(UsualEvents);
        while (!header && TryParse(bytes, ref start, end, out var recorded))
            events.Add(recorded);
        rest = start < end ? bytes[start..end] : [];
        return new EventBatch(events, bytes);
    }

    private bool TryParse(byte[] bytes, ref int start, int end, out RecordedEvent recorded)
    {
        recorded = null!;
        var row = new Fields(bytes.AsSpan(start, end - start));
        if (!row.TryBegin())
            return false;
        if (!row.TryNext(out var position) || !row.TryNext(out var id) || !row.TryNext(out var tenant) || !row.TryNext(out var streamId)
            || !row.TryNext(out var version) || !row.TryNext(out var type) || !row.TryNext(out var timestamp) || !row.TryNext(out var metadata) || !row.TryNext(out var json))
        {
            return false;
        }

        var alias = Alias(type);
        // jsonb goes over the wire behind one byte of version.
        var body = json.Length > 0 && alias.IsHandled ? Body(alias, json[1..]) : null;
        recorded = new RecordedEvent(
            BinaryPrimitives.ReadInt64BigEndian(position),
            new Guid(id, bigEndian: true),
            Tenant(tenant),
            new Guid(streamId, bigEndian: true),
            BinaryPrimitives.ReadInt64BigEndian(version),
            alias.Name,
            json.Length > 0 ? bytes.AsMemory(start + row.At - json.Length + 1, json.Length - 1) : default,
            new DateTimeOffset(Epoch.AddTicks(BinaryPrimitives.ReadInt64BigEndian(timestamp) * TimeSpan.TicksPerMicrosecond)),
            metadata.Length > 0 ? Metadata(metadata[1..]) : EventMetadata.None,
            IsArchived: false,
            body);
        start += row.At;
        return true;
    }

    private object? Body(KnownAlias alias, ReadOnlySpan<byte> json)
    {
        if (alias.Bodies!.TryGet(json, out var place, out var known))
            return known;
        var body = Body(alias.Name, json);
        if (body is not null and not UnreadableEvent)
            alias.Bodies.Keep(place, json, body);
        return body;
    }

    private object? Body(string alias, ReadOnlySpan<byte> json)
    {
        try
        {
            if (plainBodies.TryRead(alias, json) is { } plain)
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

    private KnownAlias Alias(ReadOnlySpan<byte> utf8)
    {
        if (recentAliases.TryGet(utf8, out var place, out var recent))
            return recent;
        var name = Encoding.UTF8.GetString(utf8);
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(aliases, name, out _);
        known ??= new KnownAlias(name, projection.Handles(name));
        recentAliases.Keep(place, utf8, known);
        return known;
    }

    // The same text for all events of a tenant: whoever counts by tenant need not compare it letter by letter.
    private TenantId Tenant(ReadOnlySpan<byte> utf8)
    {
        if (recentTenants.TryGet(utf8, out var place, out var recent))
            return recent.Id;
        var name = Encoding.UTF8.GetString(utf8);
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(tenants, name, out _);
        known ??= new KnownTenant(new TenantId(name));
        recentTenants.Keep(place, utf8, known);
        return known.Id;
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
