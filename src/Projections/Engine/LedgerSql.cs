using Npgsql;

namespace Events.Projections.Engine;

internal static class LedgerSql
{
    private const string AddSql =
        """
        select add_to_ledger($1, $2, $3, $4, $5, $6)
        """;

    public static void Add(NpgsqlBatch batch, IReadOnlyCollection<(string Projection, int Generation, LedgerPart Part)> parts)
    {
        var entries = parts.SelectMany(p => p.Part.Entries, (p, e) => (p.Projection, p.Generation, Tenant: e.Key.Value, Entry: e.Value)).ToList();
        if (entries.Count == 0)
            return;
        var command = new NpgsqlBatchCommand(AddSql);
        command.AddColumn(entries, e => e.Projection);
        command.AddColumn(entries, e => e.Generation);
        command.AddColumn(entries, e => e.Tenant);
        command.AddColumn(entries, e => e.Entry.Events);
        command.AddColumn(entries, e => e.Entry.High);
        command.AddColumn(entries, e => e.Entry.Low);
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
