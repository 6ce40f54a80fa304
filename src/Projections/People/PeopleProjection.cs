using System.Collections.Frozen;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.People;

/// <summary>Who is there, or was? A row a membership, a placeholder, and a person as such.</summary>
internal sealed class PeopleProjection : StreamProjection<PeopleRow>
{
    private static readonly FrozenSet<string> Aliases =
        ((string[])["member_joined", "member_role_changed", "member_removed", "placeholder_noted", "person_signed_up", "person_renamed", "person_erased"])
            .ToFrozenSet(StringComparer.Ordinal);

    public override string Name => "People";

    public override IReadOnlyList<string> Tables => ["people"];

    public override string Script => "0460_people";

    public override int Lane => 1;

    public override bool Handles(string eventType) => Aliases.Contains(eventType);

    protected override void Evolve(PeopleRow row, RecordedEvent recorded) => row.Evolve(recorded);

    // A workspace's stream bears the tenant's id and brings all its members, at most some thousands; it changes seldom.
    protected override string LoadSql =>
        """
        select k.tenant_id, k.stream_id, array_agg(t.person_id), array_agg(t.joined_at), array_agg(t.state), array_agg(t.role), array_agg(t.name)
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, stream_id)
        cross join lateral (
            select p.*
            from people p
            where p.tenant_id = k.tenant_id and p.person_id = k.stream_id
            union all
            select p.*
            from people p
            where p.tenant_id = k.tenant_id and p.state in (0, 2) and k.tenant_id = k.stream_id) t
        group by k.tenant_id, k.stream_id
        """;

    protected override PeopleRow ReadRow(NpgsqlDataReader reader)
    {
        var row = new PeopleRow();
        var ids = reader.GetFieldValue<Guid[]>(2);
        var joined = reader.GetFieldValue<DateTimeOffset[]>(3);
        var states = reader.GetFieldValue<short?[]>(4);
        var roles = reader.GetFieldValue<short?[]>(5);
        var names = reader.GetFieldValue<string?[]>(6);
        for (var i = 0; i < ids.Length; i++)
        {
            row.People[ids[i]] = new PersonEntry(
                joined[i], (PersonStanding?)states[i], (WorkspaceRole?)roles[i], names[i] is { } name ? new SealedText(name) : null);
        }

        return row;
    }

    private const string SaveSql =
        """
        insert into people (tenant_id, person_id, joined_at, state, role, name)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::smallint[], $5::smallint[], $6::varchar[])
        on conflict (tenant_id, person_id) do update
        set joined_at = excluded.joined_at, state = excluded.state, role = excluded.role, name = excluded.name
        """;

    protected override void SaveRows(IReadOnlyCollection<PeopleRow> rows, NpgsqlBatch batch)
    {
        var changed = rows.SelectMany(r => r.Changed, (r, id) => (r.Key.Tenant, Id: id, Entry: r.People[id])).ToList();
        var save = new NpgsqlBatchCommand(SaveSql);
        save.AddColumn(changed, c => TenantKey.Of(c.Tenant));
        save.AddColumn(changed, c => c.Id);
        save.AddColumn(changed, c => c.Entry.JoinedAt.UtcDateTime);
        save.AddColumn(changed, c => (short?)c.Entry.Standing);
        save.AddColumn(changed, c => (short?)c.Entry.Role);
        save.AddColumn(changed, c => c.Entry.Name?.Value);
        batch.BatchCommands.Add(save);
    }

    private const string CopySql =
        """
        copy people (tenant_id, person_id, joined_at, state, role, name)
        from stdin (format binary)
        """;

    protected override IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<PeopleRow> rows) => [new(CopySql, buffer => CopyRows(rows, buffer))];

    private static IEnumerable<int> CopyRows(IReadOnlyList<PeopleRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            foreach (var (id, entry) in row.People)
            {
                buffer.Row(6);
                buffer.Uuid(TenantKey.Of(row.Key.Tenant));
                buffer.Uuid(id);
                buffer.Timestamp(entry.JoinedAt);
                buffer.Smallint((short?)entry.Standing);
                buffer.Smallint((short?)entry.Role);
                buffer.Text(entry.Name?.Value);
            }

            yield return row.People.Count;
        }
    }
}
