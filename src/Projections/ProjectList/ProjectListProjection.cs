using System.Diagnostics.CodeAnalysis;
using Events.Commands.Projects;
using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.ProjectList;

/// <summary>Which projects does the workspace have?</summary>
[SuppressMessage("Design", "MA0053:Make class or record sealed", Justification = "A test makes the next version of it.")]
internal class ProjectListProjection : StreamProjection<ProjectListRow>
{
    public override string Name => "ProjectList";

    public override IReadOnlyList<string> Tables => ["project_list"];

    public override string Script => "0430_project_list";

    public override bool Handles(string eventType) => WireNames.IsOfProject(eventType);

    protected override void Evolve(ProjectListRow row, RecordedEvent recorded) => row.Evolve(recorded);

    protected override string LoadSql =>
        """
        select t.tenant_id, t.project_id, t.lead_id, t.created_at, t.updated_at, t.version, t.starts_on, t.ends_on, t.status, t.archived,
               t.key, t.name, t.description
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, project_id)
        join project_list t on t.tenant_id = k.tenant_id and t.project_id = k.project_id
        """;

    protected override ProjectListRow ReadRow(NpgsqlDataReader reader) => new()
    {
        LeadId = reader.IsDBNull(2) ? null : reader.GetGuid(2),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(3),
        UpdatedAt = reader.GetFieldValue<DateTimeOffset>(4),
        Version = reader.GetInt64(5),
        StartsOn = reader.IsDBNull(6) ? null : reader.GetFieldValue<DateOnly>(6),
        EndsOn = reader.IsDBNull(7) ? null : reader.GetFieldValue<DateOnly>(7),
        Status = (ProjectStatus)reader.GetInt16(8),
        Archived = reader.GetBoolean(9),
        HumanKey = reader.GetString(10),
        Name = reader.GetString(11),
        Description = reader.IsDBNull(12) ? null : reader.GetString(12),
    };

    private const string SaveSql =
        """
        insert into project_list (tenant_id, project_id, lead_id, created_at, updated_at, version, starts_on, ends_on, status, archived,
                                  key, name, description, item)
        select *
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::date[], $8::date[],
                    $9::smallint[], $10::boolean[], $11::varchar[], $12::varchar[], $13::text[], $14::text[])
        on conflict (tenant_id, project_id) do update
        set lead_id = excluded.lead_id, updated_at = excluded.updated_at, version = excluded.version, starts_on = excluded.starts_on,
            ends_on = excluded.ends_on, status = excluded.status, archived = excluded.archived, name = excluded.name,
            description = excluded.description, item = excluded.item
        """;

    protected override void SaveRows(IReadOnlyCollection<ProjectListRow> rows, NpgsqlBatch batch)
    {
        using var renderer = new JsonRenderer();
        var save = new NpgsqlBatchCommand(SaveSql);
        save.AddColumn(rows, r => TenantKey.Of(r.Key.Tenant));
        save.AddColumn(rows, r => r.Key.StreamId);
        save.AddColumn(rows, r => r.LeadId);
        save.AddColumn(rows, r => r.CreatedAt.UtcDateTime);
        save.AddColumn(rows, r => r.UpdatedAt.UtcDateTime);
        save.AddColumn(rows, r => r.Version);
        save.AddColumn(rows, r => r.StartsOn);
        save.AddColumn(rows, r => r.EndsOn);
        save.AddColumn(rows, r => (short)r.Status);
        save.AddColumn(rows, r => r.Archived);
        save.AddColumn(rows, r => r.HumanKey);
        save.AddColumn(rows, r => r.Name);
        save.AddColumn(rows, r => r.Description);
        save.AddColumn(rows, r => renderer.RenderText(r, ProjectListRow.Write));
        batch.BatchCommands.Add(save);
    }

    private const string CopySql =
        """
        copy project_list (tenant_id, project_id, lead_id, created_at, updated_at, version, starts_on, ends_on, status, archived,
                           key, name, description, item)
        from stdin (format binary)
        """;

    protected override IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<ProjectListRow> rows) => [new(CopySql, buffer => CopyRows(rows, buffer))];

    private static IEnumerable<int> CopyRows(IReadOnlyList<ProjectListRow> rows, CopyBuffer buffer)
    {
        using var renderer = new JsonRenderer();
        foreach (var row in rows)
        {
            buffer.Row(14);
            buffer.Uuid(TenantKey.Of(row.Key.Tenant));
            buffer.Uuid(row.Key.StreamId);
            buffer.Uuid(row.LeadId);
            buffer.Timestamp(row.CreatedAt);
            buffer.Timestamp(row.UpdatedAt);
            buffer.Bigint(row.Version);
            buffer.Date(row.StartsOn);
            buffer.Date(row.EndsOn);
            buffer.Smallint((short)row.Status);
            buffer.Boolean(row.Archived);
            buffer.Text(row.HumanKey);
            buffer.Text(row.Name);
            buffer.Text(row.Description);
            buffer.Text(renderer.Render(row, ProjectListRow.Write));
            yield return 1;
        }
    }
}
