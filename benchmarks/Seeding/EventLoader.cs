using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Events.Commands;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Npgsql;
using NpgsqlTypes;

namespace Events.Benchmarks.Seeding;

/// <summary>
/// Puts samples into a migrated store, behind what it holds, as the events that would have created them, by COPY; read models are then
/// rebuilt from them. What it writes is what the commands write.
/// </summary>
internal static class EventLoader
{
    private const string CopyStreams = "copy mt_streams (tenant_id, id, type, version, timestamp, created) from stdin (format binary)";

    private const string CopyEvents =
        """
        copy mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, headers)
        from stdin (format binary)
        """;

    // Streams come first because of the foreign key; COPY checks it row by row, which is most of the time that loading takes.
    // A role that was granted the setting may leave it out.
    private const string WithoutTriggers = "set session_replication_role = replica";

    private const string LastPosition =
        """
        select coalesce(max(seq_id), 0)
        from mt_events
        """;

    private const string CopyNumbers = "copy task_numbers (tenant_id, project_id, next) from stdin (format binary)";

    private const string AfterLoad =
        """
        reset session_replication_role;
        select setval('mt_events_sequence', (select max(seq_id) from mt_events));
        analyze mt_streams;
        analyze mt_events;
        """;

    /// <param name="eventsPerTask">1: only the creation; more: so many changes of status behind it.</param>
    /// <param name="database">As a role that may set <c>session_replication_role</c>.</param>
    /// <returns>Events written.</returns>
    public static async Task<long> LoadAsync(NpgsqlDataSource database, SampleTasks sample, int eventsPerTask, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await ExecuteAsync(connection, WithoutTriggers, ct);
        var rows = sample.Rows().ToList();
        await using (var copy = await connection.BeginBinaryImportAsync(CopyStreams, ct))
        {
            foreach (var project in sample.Projects)
                await WriteStreamAsync(copy, project.TenantId, project.Id, "project_state", 1, rows[0].CreatedAt, ct);
            foreach (var row in rows)
                await WriteStreamAsync(copy, row.TenantId, row.Id, "task_state", eventsPerTask, row.CreatedAt, ct);
            await copy.CompleteAsync(ct);
        }

        await using (var copy = await connection.BeginBinaryImportAsync(CopyNumbers, ct))
        {
            foreach (var project in sample.Projects)
            {
                await copy.StartRowAsync(ct);
                await copy.WriteAsync(project.TenantId.ToString("D"), NpgsqlDbType.Varchar, ct);
                await copy.WriteAsync(project.Id, NpgsqlDbType.Uuid, ct);
                await copy.WriteAsync(project.LastNumber + 1, NpgsqlDbType.Bigint, ct);
            }

            await copy.CompleteAsync(ct);
        }

        await using var last = new NpgsqlCommand(LastPosition, connection);
        var before = (long)(await last.ExecuteScalarAsync(ct))!;
        var position = before;
        await using (var copy = await connection.BeginBinaryImportAsync(CopyEvents, ct))
        {
            foreach (var project in sample.Projects)
            {
                var created = new ProjectCreated(project.Key, $"Project {project.Key}", null, null, null, null);
                await WriteEventAsync(copy, ++position, project.TenantId, project.Id, 1, "project_created", created, EventJson.Default.ProjectCreated, rows[0].CreatedAt, ct);
            }

            foreach (var row in rows)
                await WriteEventAsync(copy, ++position, row.TenantId, row.Id, 1, "task_created", Created(row), EventJson.Default.TaskCreated, row.CreatedAt, ct);
            for (var version = 2; version <= eventsPerTask; version++)
            {
                foreach (var row in rows)
                    await WriteEventAsync(copy, ++position, row.TenantId, row.Id, version, "task_status_changed", Change(row, version), EventJson.Default.TaskStatusChanged, row.CreatedAt.AddDays(version), ct);
            }

            await copy.CompleteAsync(ct);
        }

        await ExecuteAsync(connection, AfterLoad, ct);
        return position - before;
    }

    private static TaskCreated Created(SampleRow row) => new(
        row.ProjectId,
        row.Number,
        row.Key,
        row.Title,
        row.Description,
        Status(row.Status),
        Enum.Parse<Priority>(row.Priority, ignoreCase: true),
        row.AssigneeId,
        row.Labels,
        row.DueOn,
        null,
        null,
        Rank.OfNumber(row.Number));

    // Round the board from where the task began, so that every change is one.
    private static TaskStatusChanged Change(SampleRow row, int version)
    {
        var began = (int)Status(row.Status);
        return new TaskStatusChanged((WorkStatus)((began + version - 2) % 6), (WorkStatus)((began + version - 1) % 6));
    }

    private static WorkStatus Status(string wire) => Enum.Parse<WorkStatus>(wire.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    private static async Task WriteStreamAsync(NpgsqlBinaryImporter copy, Guid tenant, Guid id, string type, long version, DateTime at, CancellationToken ct)
    {
        await copy.StartRowAsync(ct);
        await copy.WriteAsync(tenant.ToString("D"), NpgsqlDbType.Varchar, ct);
        await copy.WriteAsync(id, NpgsqlDbType.Uuid, ct);
        await copy.WriteAsync(type, NpgsqlDbType.Varchar, ct);
        await copy.WriteAsync(version, NpgsqlDbType.Bigint, ct);
        await copy.WriteAsync(at, NpgsqlDbType.TimestampTz, ct);
        await copy.WriteAsync(at, NpgsqlDbType.TimestampTz, ct);
    }

    private static async Task WriteEventAsync<T>(
        NpgsqlBinaryImporter copy,
        long position,
        Guid tenant,
        Guid stream,
        long version,
        string alias,
        T body,
        JsonTypeInfo<T> json,
        DateTime at,
        CancellationToken ct)
    {
        await copy.StartRowAsync(ct);
        await copy.WriteAsync(position, NpgsqlDbType.Bigint, ct);
        await copy.WriteAsync(Guid.CreateVersion7(new DateTimeOffset(at)), NpgsqlDbType.Uuid, ct);
        await copy.WriteAsync(stream, NpgsqlDbType.Uuid, ct);
        await copy.WriteAsync(version, NpgsqlDbType.Bigint, ct);
        await copy.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(body, json), NpgsqlDbType.Jsonb, ct);
        await copy.WriteAsync(alias, NpgsqlDbType.Varchar, ct);
        await copy.WriteAsync(at, NpgsqlDbType.TimestampTz, ct);
        await copy.WriteAsync(tenant.ToString("D"), NpgsqlDbType.Varchar, ct);
        await copy.WriteAsync($"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}", NpgsqlDbType.Varchar, ct);
        await copy.WriteAsync("{\"actor\":\"loader\"}", NpgsqlDbType.Jsonb, ct);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
