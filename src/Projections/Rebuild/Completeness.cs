using System.Data;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;
using EventHash = Events.EventStore.Ledger.EventHash;

namespace Events.Projections.Rebuild;

/// <summary>One tenant's events as a projection has them and as the store has them, up to the projection's position.</summary>
/// <param name="Stored">Events that are there now.</param>
/// <param name="Recorded">Events that the store's running proof tells of.</param>
/// <param name="Waiting">Events of parked streams, which are not folded and known not to be.</param>
/// <param name="Skipped">Events that an operator left out on record.</param>
public sealed record TenantCompleteness(string Tenant, long Folded, long Stored, long Recorded, long Waiting, long Skipped);

/// <param name="Tenants">Those that are not complete, and how many were looked at.</param>
public sealed record ProjectionCompleteness(string Projection, long Position, long Events, int TenantsChecked, IReadOnlyList<TenantCompleteness> Incomplete)
{
    public bool IsComplete => Incomplete.Count == 0;
}

/// <summary>
/// The proof that a read model holds every event: what the projection counted and summed while it folded, tenant by tenant,
/// against the store's running proof (<see cref="EventLedger"/>) and against the events themselves. Two that keep their figures apart and
/// what they are figures of: whichever loses an event, the three no longer agree.
/// </summary>
internal sealed class Completeness(NpgsqlDataSource dataSource)
{
    private sealed record Head(string Projection, int Generation, long Position);

    private const string HeadsSql =
        """
        select h.projection, h.generation, p.last_seq_id
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        """;

    private const string LedgerSql =
        """
        select l.projection, l.generation, l.tenant_id, l.events, l.hash_high, l.hash_low
        from projection_ledger l
        union all
        select h.projection, h.generation, s.tenant_id, s.events, s.hash_high, s.hash_low
        from projection_ledger_pages t
        cross join lateral unnest(t.projections, t.generations) as h (projection, generation)
        cross join lateral unnest(t.tenant_ids, t.events, t.hash_high, t.hash_low) as s (tenant_id, events, hash_high, hash_low)
        """;

    private const string LeftOutSql =
        """
        select k.projection, e.tenant_id, e.seq_id, e.id, e.stream_id, e.version, e.type, false
        from projection_parked k
        join projection_heads h on h.projection = k.projection and h.generation = k.generation
        join mt_event_progression p on p.name = h.shard
        join mt_events e on e.tenant_id = k.tenant_id and e.stream_id = k.stream_id and e.version >= k.version and e.seq_id <= p.last_seq_id
        where not exists (
            select from projection_skips s
            where s.projection = k.projection and s.tenant_id = e.tenant_id and s.stream_id = e.stream_id and s.version = e.version)
        union all
        select s.projection, e.tenant_id, e.seq_id, e.id, e.stream_id, e.version, e.type, true
        from projection_skips s
        join projection_heads h on h.projection = s.projection
        join mt_event_progression p on p.name = h.shard
        join mt_events e on e.tenant_id = s.tenant_id and e.stream_id = s.stream_id and e.version = s.version and e.seq_id <= p.last_seq_id
        """;

    public async Task<IReadOnlyList<ProjectionCompleteness>> CheckAsync(IReadOnlyCollection<string> projections, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        // One snapshot: the ledger and the position were written by one transaction and are read as of one.
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var heads = (await HeadsAsync(connection, ct)).Where(h => projections.Contains(h.Projection)).ToList();
        var folded = await LedgerAsync(connection, ct);
        var (waiting, skipped) = await LeftOutAsync(connection, ct);
        var stored = new Dictionary<long, StoredSums>();
        foreach (var position in heads.Select(h => h.Position).Distinct())
            stored.Add(position, new StoredSums(await EventLedger.RecordedAsync(connection, position, ct)));
        await SumAsync(connection, stored, ct);
        return [.. heads.Select(h => Compare(h, folded, waiting, skipped, stored[h.Position]))];
    }

    private static ProjectionCompleteness Compare(
        Head head,
        Dictionary<LedgerKey, LedgerEntry> folded,
        Dictionary<(string, string), LedgerEntry> waiting,
        Dictionary<(string, string), LedgerEntry> skipped,
        StoredSums stored)
    {
        var incomplete = new List<TenantCompleteness>();
        var tenants = stored.Tenants.Union(folded.Keys.Where(k => k.Projection == head.Projection && k.Generation == head.Generation).Select(k => k.Tenant)).ToList();
        foreach (var tenant in tenants)
        {
            var key = (head.Projection, tenant);
            var (mine, parked, left, theirs) = (folded.GetValueOrDefault(new LedgerKey(head.Projection, head.Generation, tenant)), waiting.GetValueOrDefault(key), skipped.GetValueOrDefault(key), stored.Found(tenant));
            var recorded = stored.Recorded(tenant);
            if (mine + parked + left != theirs || theirs != recorded)
                incomplete.Add(new TenantCompleteness(tenant, mine.Events, theirs.Events, recorded.Events, parked.Events, left.Events));
        }

        return new ProjectionCompleteness(head.Projection, head.Position, stored.Events, tenants.Count, incomplete);
    }

    private static async Task<List<Head>> HeadsAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(HeadsSql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var heads = new List<Head>();
        while (await reader.ReadAsync(ct))
            heads.Add(new Head(reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2)));
        return heads;
    }

    private static async Task<Dictionary<LedgerKey, LedgerEntry>> LedgerAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(LedgerSql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await LedgerEntry.ReadAsync(reader, ct);
    }

    private static async Task<(Dictionary<(string, string), LedgerEntry> Waiting, Dictionary<(string, string), LedgerEntry> Skipped)> LeftOutAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(LeftOutSql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var waiting = new Dictionary<(string, string), LedgerEntry>();
        var skipped = new Dictionary<(string, string), LedgerEntry>();
        while (await reader.ReadAsync(ct))
        {
            var sums = reader.GetBoolean(7) ? skipped : waiting;
            var key = (reader.GetString(0), reader.GetString(1));
            var hash = EventHash.Of(reader.GetInt64(2), reader.GetGuid(3), reader.GetGuid(4), reader.GetInt64(5), reader.GetString(6));
            sums[key] = sums.GetValueOrDefault(key).With(hash);
        }

        return (waiting, skipped);
    }

    private const string StoredSql =
        """
        copy (select seq_id, tenant_id, id, stream_id, version, type from mt_events) to stdout (format binary)
        """;

    /// <summary>One pass over the events for all positions.</summary>
    private static async Task SumAsync(NpgsqlConnection connection, Dictionary<long, StoredSums> sums, CancellationToken ct)
    {
        await using var export = await connection.BeginBinaryExportAsync(StoredSql, ct);
        while (await export.StartRowAsync(ct) >= 0)
        {
            var position = await export.ReadAsync<long>(ct);
            var tenant = await export.ReadAsync<string>(ct);
            var hash = EventHash.Of(
                position,
                await export.ReadAsync<Guid>(ct),
                await export.ReadAsync<Guid>(ct),
                await export.ReadAsync<long>(ct),
                await export.ReadAsync<string>(ct));
            foreach (var (upTo, tenants) in sums)
            {
                if (position <= upTo)
                    tenants.Add(tenant, position, hash);
            }
        }
    }

    /// <summary>The tenants' sums at one position: as the events are, and as recorded while they came.</summary>
    private sealed class StoredSums
    {
        private readonly Dictionary<string, LedgerEntry> found = new(StringComparer.Ordinal);
        private readonly Dictionary<string, LedgerEntry> proof = new(StringComparer.Ordinal);
        private readonly Dictionary<string, long> recordedUpTo = new(StringComparer.Ordinal);

        public StoredSums(IReadOnlyDictionary<TenantId, EventStore.Ledger.LedgerEntry> recorded)
        {
            foreach (var (tenant, entry) in recorded)
            {
                proof[tenant.Value] = new LedgerEntry(entry.Events, entry.Keys);
                recordedUpTo[tenant.Value] = entry.Position;
            }
        }

        public IEnumerable<string> Tenants => found.Keys.Union(proof.Keys);

        public long Events => found.Values.Sum(e => e.Events);

        public LedgerEntry Found(string tenant) => found.GetValueOrDefault(tenant);

        public LedgerEntry Recorded(string tenant) => proof.GetValueOrDefault(tenant);

        // The proof trails the events by a second, and old entries are some hundred events apart: what came after one is added here.
        public void Add(string tenant, long position, UInt128 hash)
        {
            found[tenant] = found.GetValueOrDefault(tenant).With(hash);
            if (position > recordedUpTo.GetValueOrDefault(tenant))
                proof[tenant] = proof.GetValueOrDefault(tenant).With(hash);
        }
    }
}
