using System.Globalization;
using Events.EventStore.Ledger;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.EventStore;

/// <summary>
/// The running proof: count and hash of a tenant's events by position, kept by one follower beside the events. A read model, a
/// replica or an archive that keeps the same figures can be compared with it; <see cref="VerifyAsync"/> recomputes it from the
/// events and finds the first difference.
/// </summary>
public sealed class EventLedger(NpgsqlDataSource dataSource, EventReader events)
{
    private const string AtSql =
        """
        select position, events, sum::text, chain, keys::text
        from event_ledger
        where tenant_id = $1 and position <= $2
        order by position desc
        limit 1
        """;

    /// <summary>The latest entry that was recorded at or below a position; <see cref="LedgerEntry.Empty"/> when there is none.</summary>
    public async Task<LedgerEntry> RecordedAsync(TenantId tenant, long upTo, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(AtSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Entry(reader) : LedgerEntry.Empty;
    }

    /// <summary>What the tenant's events come to at exactly this position: the latest entry recorded before it, and the events after that.</summary>
    public async Task<LedgerEntry> AtAsync(TenantId tenant, long position, CancellationToken ct)
    {
        var entry = await RecordedAsync(tenant, position, ct);
        return await FoldAsync(tenant, entry, position, ct);
    }

    private const string ProgressSql =
        """
        select position
        from event_ledger_progress
        """;

    /// <summary>Every event at or below it has been recorded.</summary>
    public async Task<long> ProgressAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ProgressSql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Recomputes a tenant's ledger from its events, from the first one.</summary>
    /// <returns>Null when all that was recorded agrees with the events.</returns>
    public async Task<LedgerDifference?> VerifyAsync(TenantId tenant, CancellationToken ct)
    {
        var found = LedgerEntry.Empty;
        var agreed = 0L;
        while (await NextAsync(tenant, agreed, ct) is { } recorded)
        {
            found = await FoldAsync(tenant, found, recorded.Position, ct);
            if (!found.Agrees(recorded))
                return new LedgerDifference(tenant, agreed, recorded.Position, recorded, found);
            agreed = recorded.Position;
        }

        return null;
    }

    private const string AllAtSql =
        """
        select distinct on (tenant_id) position, events, sum::text, chain, keys::text, tenant_id
        from event_ledger
        where position <= $1
        order by tenant_id, position desc
        """;

    /// <summary>Each tenant's latest entry at or below a position, as the connection's transaction sees them.</summary>
    public static async Task<IReadOnlyDictionary<TenantId, LedgerEntry>> RecordedAsync(NpgsqlConnection connection, long upTo, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(AllAtSql, connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var entries = new Dictionary<TenantId, LedgerEntry>();
        while (await reader.ReadAsync(ct))
            entries.Add(new TenantId(reader.GetString(5)), Entry(reader));
        return entries;
    }

    private const string EveryEntrySql =
        """
        select position, events, sum::text, chain, keys::text, tenant_id
        from event_ledger
        order by position
        """;

    /// <summary>Recomputes every tenant's ledger in one pass over the events.</summary>
    /// <returns>Of each tenant whose events are not as recorded, the first difference.</returns>
    public async Task<IReadOnlyList<LedgerDifference>> VerifyAllAsync(CancellationToken ct)
    {
        var expected = await EveryEntryAsync(ct);
        var found = expected.Keys.ToDictionary(tenant => tenant, _ => (Entry: LedgerEntry.Empty, Agreed: 0L));
        var differences = new List<LedgerDifference>();
        await foreach (var recorded in events.ReadAllAsync(0, new EventFilter(), ct))
        {
            // Without anything recorded (yet), or known to differ.
            if (!expected.TryGetValue(recorded.Tenant, out var entries))
                continue;
            var (entry, agreed) = found[recorded.Tenant];
            // Passed over one that must end with an event of its position.
            if (entries.Peek().Position < recorded.Position)
            {
                Differ(recorded.Tenant, agreed, entry);
                continue;
            }

            entry = entry.With(recorded);
            if (entries.Peek().Position == recorded.Position)
            {
                if (!entry.Agrees(entries.Peek()))
                {
                    Differ(recorded.Tenant, agreed, entry);
                    continue;
                }

                agreed = entries.Dequeue().Position;
                if (entries.Count == 0)
                    expected.Remove(recorded.Tenant);
            }

            found[recorded.Tenant] = (entry, agreed);
        }

        foreach (var tenant in expected.Keys.ToList())
            Differ(tenant, found[tenant].Agreed, found[tenant].Entry);
        return differences;

        void Differ(TenantId tenant, long agreed, LedgerEntry entry)
        {
            var recorded = expected[tenant].Peek();
            differences.Add(new LedgerDifference(tenant, agreed, recorded.Position, recorded, entry));
            expected.Remove(tenant);
        }
    }

    private async Task<Dictionary<TenantId, Queue<LedgerEntry>>> EveryEntryAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(EveryEntrySql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var entries = new Dictionary<TenantId, Queue<LedgerEntry>>();
        while (await reader.ReadAsync(ct))
        {
            var tenant = new TenantId(reader.GetString(5));
            if (!entries.TryGetValue(tenant, out var queue))
                entries.Add(tenant, queue = new Queue<LedgerEntry>());
            queue.Enqueue(Entry(reader));
        }

        return entries;
    }

    private const string TenantsSql =
        """
        select distinct tenant_id
        from event_ledger
        order by tenant_id
        """;

    /// <summary>The tenants that have entries.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(TenantsSql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var tenants = new List<TenantId>();
        while (await reader.ReadAsync(ct))
            tenants.Add(new TenantId(reader.GetString(0)));
        return tenants;
    }

    private const string NextSql =
        """
        select position, events, sum::text, chain, keys::text
        from event_ledger
        where tenant_id = $1 and position > $2
        order by position
        limit 1
        """;

    private async Task<LedgerEntry?> NextAsync(TenantId tenant, long after, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(NextSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Entry(reader) : null;
    }

    private async Task<LedgerEntry> FoldAsync(TenantId tenant, LedgerEntry entry, long upTo, CancellationToken ct)
    {
        await foreach (var recorded in events.ReadAllAsync(entry.Position, new EventFilter { Tenant = tenant, UpTo = upTo }, ct))
            entry = entry.With(recorded);
        return entry;
    }

    private static LedgerEntry Entry(NpgsqlDataReader reader) => new(
        reader.GetInt64(0),
        reader.GetInt64(1),
        UInt128.Parse(reader.GetString(2), CultureInfo.InvariantCulture),
        reader.GetFieldValue<byte[]>(3),
        UInt128.Parse(reader.GetString(4), CultureInfo.InvariantCulture));
}
