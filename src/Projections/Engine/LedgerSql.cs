using Npgsql;

namespace Events.Projections.Engine;

internal static class LedgerSql
{
    private const string AddSql =
        """
        select add_to_ledger($1, $2, $3, $4, $5, $6)
        """;

    public static void Add(NpgsqlBatch batch, IReadOnlyDictionary<LedgerKey, LedgerEntry> sums)
    {
        if (sums.Count == 0)
            return;
        // In one order everywhere, so that two who add at once cannot wait for each other in a circle.
        var entries = sums.OrderBy(s => s.Key.Projection, StringComparer.Ordinal).ThenBy(s => s.Key.Generation).ThenBy(s => s.Key.Tenant, StringComparer.Ordinal).ToList();
        var command = new NpgsqlBatchCommand(AddSql);
        command.AddColumn(entries, e => e.Key.Projection);
        command.AddColumn(entries, e => e.Key.Generation);
        command.AddColumn(entries, e => e.Key.Tenant);
        command.AddColumn(entries, e => e.Value.Events);
        command.AddColumn(entries, e => e.Value.High);
        command.AddColumn(entries, e => e.Value.Low);
        batch.BatchCommands.Add(command);
    }

    private const string NoteSql =
        """
        insert into projection_ledger_pages (projections, generations, tenant_ids, events, hash_high, hash_low)
        values ($1, $2, $3, $4, $5, $6)
        """;

    /// <summary>What a page adds, as it stands: adding it up tenant by tenant would cost a page as much as its rows.</summary>
    /// <param name="heads">Those that folded the same events.</param>
    public static void Note(NpgsqlBatch batch, IReadOnlyCollection<ProjectionHead> heads, LedgerPart part)
    {
        if (part.Entries.Count == 0)
            return;
        var command = new NpgsqlBatchCommand(NoteSql);
        command.AddColumn(heads, h => h.Name);
        command.AddColumn(heads, h => h.Generation);
        command.AddColumn(part.Entries, e => e.Key.Value);
        command.AddColumn(part.Entries, e => e.Value.Events);
        command.AddColumn(part.Entries, e => e.Value.High);
        command.AddColumn(part.Entries, e => e.Value.Low);
        batch.BatchCommands.Add(command);
    }
}

internal static class ParkedSql
{
    private const string AddSql =
        """
        insert into projection_parked (projection, generation, tenant_id, stream_id, version, position, event_type, error)
        select *
        from unnest($1::varchar[], $2::int[], $3::varchar[], $4::uuid[], $5::bigint[], $6::bigint[], $7::varchar[], $8::text[])
        on conflict (projection, generation, tenant_id, stream_id) do nothing
        """;

    public static void Add(NpgsqlBatch batch, IReadOnlyCollection<PoisonEvent> poison)
    {
        if (poison.Count == 0)
            return;
        var command = new NpgsqlBatchCommand(AddSql);
        command.AddColumn(poison, p => p.Projection);
        command.AddColumn(poison, p => p.Generation);
        command.AddColumn(poison, p => p.Stream.Tenant.Value);
        command.AddColumn(poison, p => p.Stream.StreamId);
        command.AddColumn(poison, p => p.Version);
        command.AddColumn(poison, p => p.Position);
        command.AddColumn(poison, p => p.Type);
        command.AddColumn(poison, p => p.Error);
        batch.BatchCommands.Add(command);
    }
}
