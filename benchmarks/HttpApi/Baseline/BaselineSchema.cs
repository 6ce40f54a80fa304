using Events.Benchmarks.Seeding;
using Npgsql;
using NpgsqlTypes;

namespace Events.Benchmarks.HttpApi.Baseline;

/// <summary>The tables that a team would write by hand: a task row, an audit row, and an index behind each list.</summary>
internal static class BaselineSchema
{
    private const string Create =
        """
        create extension if not exists pg_trgm;
        create extension if not exists btree_gin;
        create table projects (
            tenant_id uuid not null,
            id uuid primary key,
            key text not null,
            last_number bigint not null);
        create table tasks (
            tenant_id uuid not null,
            id uuid primary key,
            project_id uuid not null,
            number bigint not null,
            key text not null,
            title text not null,
            description text,
            status text not null,
            priority text not null,
            assignee_id uuid,
            labels text[] not null,
            due_on date,
            version bigint not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now());
        create table task_audit (
            id bigint generated always as identity primary key,
            tenant_id uuid not null,
            task_id uuid not null,
            actor text not null,
            action text not null,
            changes jsonb not null,
            at timestamptz not null default now());
        """;

    // Built after the load; the same five orders that the product's own list has an index for.
    private const string Index =
        """
        create unique index tasks_project_number on tasks (tenant_id, project_id, number);
        create index tasks_created on tasks (tenant_id, created_at desc, id desc);
        create index tasks_updated on tasks (tenant_id, updated_at desc, id desc);
        create index tasks_status on tasks (tenant_id, status, created_at desc, id desc);
        create index tasks_assignee on tasks (tenant_id, assignee_id, created_at desc, id desc);
        create index tasks_title_trigram on tasks using gin (tenant_id, title gin_trgm_ops);
        create index task_audit_task on task_audit (tenant_id, task_id, id);
        """;

    private const string CopyTasks =
        """
        copy tasks (tenant_id, id, project_id, number, key, title, description, status, priority, assignee_id, labels, due_on, created_at, updated_at)
        from stdin (format binary)
        """;

    private const string CopyProjects = "copy projects (tenant_id, id, key, last_number) from stdin (format binary)";

    public static async Task LoadAsync(NpgsqlDataSource database, IEnumerable<SampleProject> projects, IEnumerable<SampleRow> rows, CancellationToken ct)
    {
        await using (var create = database.CreateCommand(Create))
            await create.ExecuteNonQueryAsync(ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using (var copy = await connection.BeginBinaryImportAsync(CopyProjects, ct))
        {
            foreach (var project in projects)
            {
                await copy.StartRowAsync(ct);
                await copy.WriteAsync(project.TenantId, NpgsqlDbType.Uuid, ct);
                await copy.WriteAsync(project.Id, NpgsqlDbType.Uuid, ct);
                await copy.WriteAsync(project.Key, NpgsqlDbType.Text, ct);
                await copy.WriteAsync(project.LastNumber, NpgsqlDbType.Bigint, ct);
            }

            await copy.CompleteAsync(ct);
        }

        await using (var copy = await connection.BeginBinaryImportAsync(CopyTasks, ct))
        {
            foreach (var row in rows)
                await WriteAsync(copy, row, ct);
            await copy.CompleteAsync(ct);
        }

        await using var index = new NpgsqlCommand(Index + "analyze", connection) { CommandTimeout = 0 };
        await index.ExecuteNonQueryAsync(ct);
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter copy, SampleRow row, CancellationToken ct)
    {
        await copy.StartRowAsync(ct);
        await copy.WriteAsync(row.TenantId, NpgsqlDbType.Uuid, ct);
        await copy.WriteAsync(row.Id, NpgsqlDbType.Uuid, ct);
        await copy.WriteAsync(row.ProjectId, NpgsqlDbType.Uuid, ct);
        await copy.WriteAsync(row.Number, NpgsqlDbType.Bigint, ct);
        await copy.WriteAsync(row.Key, NpgsqlDbType.Text, ct);
        await copy.WriteAsync(row.Title, NpgsqlDbType.Text, ct);
        await copy.WriteAsync(row.Description, NpgsqlDbType.Text, ct);
        await copy.WriteAsync(row.Status, NpgsqlDbType.Text, ct);
        await copy.WriteAsync(row.Priority, NpgsqlDbType.Text, ct);
        if (row.AssigneeId is { } assignee)
            await copy.WriteAsync(assignee, NpgsqlDbType.Uuid, ct);
        else
            await copy.WriteNullAsync(ct);
        await copy.WriteAsync(row.Labels, NpgsqlDbType.Array | NpgsqlDbType.Text, ct);
        if (row.DueOn is { } due)
            await copy.WriteAsync(due, NpgsqlDbType.Date, ct);
        else
            await copy.WriteNullAsync(ct);
        await copy.WriteAsync(row.CreatedAt, NpgsqlDbType.TimestampTz, ct);
        await copy.WriteAsync(row.CreatedAt, NpgsqlDbType.TimestampTz, ct);
    }
}
