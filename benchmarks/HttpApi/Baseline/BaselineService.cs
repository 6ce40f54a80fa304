using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using NpgsqlTypes;

namespace Events.Benchmarks.HttpApi.Baseline;

/// <summary>
/// What the product is compared with: tasks as plain rows behind minimal APIs, hand-written with care. One statement a
/// request, auto-prepared, keyset pagination, source-generated JSON, an audit row with each write; no authentication, no
/// idempotency, no history beyond the audit row. Runs as a process of its own.
/// </summary>
internal static class BaselineService
{
    public const string TenantHeader = "X-Tenant";

    /// <summary>What it prints when it listens.</summary>
    public const string Ready = "ready";

    public static async Task<int> RunAsync(string url, string connectionString, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, BaselineJson.Default));
        builder.Services.AddSingleton(new NpgsqlDataSourceBuilder(connectionString).Build());
        var app = builder.Build();
        app.MapPost("/tasks", CreateAsync);
        app.MapPatch("/tasks/{id:guid}", PatchAsync);
        app.MapGet("/tasks", ListAsync);
        app.MapGet("/tasks/{id:guid}", DetailAsync);
        app.MapGet("/search", SearchAsync);
        await app.StartAsync(ct);
        Console.WriteLine(Ready);
        await app.WaitForShutdownAsync(ct);
        return 0;
    }

    private const string Insert =
        """
        with numbered as (
            update projects
            set last_number = last_number + 1
            where id = $3 and tenant_id = $1
            returning key, last_number),
        created as (
            insert into tasks (tenant_id, id, project_id, number, key, title, description, status, priority, assignee_id, labels, due_on)
            select $1, $2, $3, last_number, key || '-' || last_number, $4, $5, $6, $7, $8, $9, $10
            from numbered
            returning key, number, created_at, updated_at),
        audited as (
            insert into task_audit (tenant_id, task_id, actor, action, changes)
            select $1, $2, $11, 'created', $12
            from created)
        select key, number, created_at, updated_at
        from created
        """;

    private static async Task<Results<Created<TaskRow>, NotFound>> CreateAsync(HttpRequest request, CreateBody body, NpgsqlDataSource database, CancellationToken ct)
    {
        var tenant = TenantOf(request);
        var id = Guid.CreateVersion7();
        await using var command = database.CreateCommand(Insert);
        var p = command.Parameters;
        p.Add(new NpgsqlParameter<Guid> { TypedValue = tenant });
        p.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        p.Add(new NpgsqlParameter<Guid> { TypedValue = body.ProjectId });
        p.Add(new NpgsqlParameter<string> { TypedValue = body.Title });
        p.Add(new NpgsqlParameter { Value = (object?)body.Description ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        p.Add(new NpgsqlParameter<string> { TypedValue = body.Status ?? "backlog" });
        p.Add(new NpgsqlParameter<string> { TypedValue = body.Priority ?? "none" });
        p.Add(new NpgsqlParameter { Value = (object?)body.AssigneeId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        p.Add(new NpgsqlParameter<string[]> { TypedValue = body.Labels ?? [] });
        p.Add(new NpgsqlParameter { Value = (object?)body.DueOn ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Date });
        p.Add(new NpgsqlParameter<string> { TypedValue = "bench" });
        p.Add(new NpgsqlParameter { Value = JsonSerializer.SerializeToUtf8Bytes(body, BaselineJson.Default.CreateBody), NpgsqlDbType = NpgsqlDbType.Jsonb });
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct))
            return TypedResults.NotFound();
        var row = new TaskRow(
            id,
            body.ProjectId,
            reader.GetString(0),
            body.Title,
            body.Status ?? "backlog",
            body.Priority ?? "none",
            body.AssigneeId,
            body.Labels ?? [],
            body.DueOn,
            1,
            reader.GetDateTime(2),
            reader.GetDateTime(3));
        return TypedResults.Created($"/tasks/{id}", row);
    }

    private const string Update =
        """
        with changed as (
            update tasks
            set title = coalesce($3, title), status = coalesce($4, status), version = version + 1, updated_at = now()
            where id = $2 and tenant_id = $1
            returning project_id, key, title, status, priority, assignee_id, labels, due_on, version, created_at, updated_at),
        audited as (
            insert into task_audit (tenant_id, task_id, actor, action, changes)
            select $1, $2, $5, 'changed', $6
            from changed)
        select *
        from changed
        """;

    private static async Task<Results<Ok<TaskRow>, NotFound>> PatchAsync(HttpRequest request, Guid id, PatchBody body, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(Update);
        var p = command.Parameters;
        p.Add(new NpgsqlParameter<Guid> { TypedValue = TenantOf(request) });
        p.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        p.Add(new NpgsqlParameter { Value = (object?)body.Title ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        p.Add(new NpgsqlParameter { Value = (object?)body.Status ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        p.Add(new NpgsqlParameter<string> { TypedValue = "bench" });
        p.Add(new NpgsqlParameter { Value = JsonSerializer.SerializeToUtf8Bytes(body, BaselineJson.Default.PatchBody), NpgsqlDbType = NpgsqlDbType.Jsonb });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? TypedResults.Ok(ReadRow(reader, id, 0)) : TypedResults.NotFound();
    }

    private const string FirstPage =
        """
        select id, project_id, key, title, status, priority, assignee_id, labels, due_on, version, created_at, updated_at
        from tasks
        where tenant_id = $1
        order by created_at desc, id desc
        limit $2
        """;

    private const string NextPage =
        """
        select id, project_id, key, title, status, priority, assignee_id, labels, due_on, version, created_at, updated_at
        from tasks
        where tenant_id = $1 and (created_at, id) < ($3, $4)
        order by created_at desc, id desc
        limit $2
        """;

    private static async Task<Ok<Page>> ListAsync(HttpRequest request, NpgsqlDataSource database, CancellationToken ct, int limit = 50, string? cursor = null)
    {
        await using var command = database.CreateCommand(cursor is null ? FirstPage : NextPage);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantOf(request) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit + 1 });
        if (cursor is not null)
        {
            var at = cursor.IndexOf('_', StringComparison.Ordinal);
            command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = new DateTime(long.Parse(cursor.AsSpan(0, at)), DateTimeKind.Utc) });
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.Parse(cursor.AsSpan(at + 1)) });
        }

        var rows = new List<TaskRow>(limit + 1);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            rows.Add(ReadRow(reader, reader.GetGuid(0), 1));
        string? next = null;
        if (rows.Count > limit)
        {
            rows.RemoveAt(limit);
            next = $"{rows[^1].CreatedAt.Ticks}_{rows[^1].Id}";
        }

        return TypedResults.Ok(new Page(rows, next));
    }

    private const string One =
        """
        select project_id, key, title, status, priority, assignee_id, labels, due_on, version, created_at, updated_at, description
        from tasks
        where id = $2 and tenant_id = $1
        """;

    private static async Task<Results<Ok<TaskWhole>, NotFound>> DetailAsync(HttpRequest request, Guid id, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(One);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantOf(request) });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? TypedResults.Ok(new TaskWhole(ReadRow(reader, id, 0), reader.IsDBNull(11) ? null : reader.GetString(11)))
            : TypedResults.NotFound();
    }

    private const string Search =
        """
        select id, project_id, key, title, status, priority, assignee_id, labels, due_on, version, created_at, updated_at
        from tasks
        where tenant_id = $1 and title ilike '%' || $2 || '%'
        limit 10
        """;

    private static async Task<Ok<Page>> SearchAsync(HttpRequest request, string q, NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(Search);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantOf(request) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = q });
        var rows = new List<TaskRow>(10);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            rows.Add(ReadRow(reader, reader.GetGuid(0), 1));
        return TypedResults.Ok(new Page(rows, null));
    }

    private static Guid TenantOf(HttpRequest request) => Guid.Parse(request.Headers[TenantHeader].ToString());

    private static TaskRow ReadRow(NpgsqlDataReader reader, Guid id, int at) => new(
        id,
        reader.GetGuid(at),
        reader.GetString(at + 1),
        reader.GetString(at + 2),
        reader.GetString(at + 3),
        reader.GetString(at + 4),
        reader.IsDBNull(at + 5) ? null : reader.GetGuid(at + 5),
        reader.GetFieldValue<string[]>(at + 6),
        reader.IsDBNull(at + 7) ? null : reader.GetFieldValue<DateOnly>(at + 7),
        reader.GetInt64(at + 8),
        reader.GetDateTime(at + 9),
        reader.GetDateTime(at + 10));
}

internal sealed record CreateBody(
    Guid ProjectId,
    string Title,
    string? Description,
    string? Status,
    string? Priority,
    Guid? AssigneeId,
    string[]? Labels,
    DateOnly? DueOn);

internal sealed record PatchBody(string? Title, string? Status);

internal sealed record TaskRow(
    Guid Id,
    Guid ProjectId,
    string Key,
    string Title,
    string Status,
    string Priority,
    Guid? AssigneeId,
    string[] Labels,
    DateOnly? DueOn,
    long Version,
    DateTime CreatedAt,
    DateTime UpdatedAt);

internal sealed record TaskWhole(TaskRow Row, string? Description);

internal sealed record Page(IReadOnlyList<TaskRow> Items, string? NextCursor);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CreateBody))]
[JsonSerializable(typeof(PatchBody))]
[JsonSerializable(typeof(TaskRow))]
[JsonSerializable(typeof(TaskWhole))]
[JsonSerializable(typeof(Page))]
internal sealed partial class BaselineJson : JsonSerializerContext;
