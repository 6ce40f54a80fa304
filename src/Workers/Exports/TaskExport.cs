using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Workers.Exports;

/// <summary>Which tasks; what is null does not restrict. Deleted tasks are never exported.</summary>
public sealed record ExportFilter(Guid? ProjectId = null, WorkStatus? Status = null, Guid? AssigneeId = null, string? Label = null)
{
    /// <summary>Projects that whoever asked must not learn of.</summary>
    public IReadOnlyList<Guid> HiddenProjects { get; init; } = [];
}

/// <param name="At">Of the last event.</param>
public sealed record ExportedTask(Guid Id, TaskState State, DateTimeOffset CreatedAt, DateTimeOffset At, long Version);

/// <summary>
/// All tasks of a workspace as they were at one position, folded from their events page by page: whole and consistent whatever
/// the read models are doing meanwhile.
/// </summary>
public sealed class TaskExport(NpgsqlDataSource database, EventTypes types)
{
    private const int Page = 500;
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Columns =
    [
        "key", "id", "title", "status", "priority", "assigneeId", "labels", "dueOn", "estimate", "parentId", "createdAt", "updatedAt", "archived", "projectId", "description",
    ];

    /// <returns>How many tasks.</returns>
    public async Task<long> WriteCsvAsync(TenantId tenant, long upTo, ExportFilter filter, Stream output, Action<long> progress, CancellationToken ct)
    {
        await using var csv = new CsvWriter(output);
        csv.WriteRow(Columns);
        var count = 0L;
        await foreach (var (id, task, created, at, _) in ReadAsync(tenant, upTo, filter, ct))
        {
            csv.WriteRow(
            [
                task.Key, $"{id:D}", task.Title, StatusName(task.Status), PriorityName(task.Priority), task.AssigneeId?.ToString("D"), string.Join(", ", task.Labels),
                task.DueOn?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), task.Estimate?.ToString(CultureInfo.InvariantCulture), task.ParentId?.ToString("D"),
                Time(created), Time(at), task.IsArchived ? "true" : "false", $"{task.ProjectId:D}", task.Description,
            ]);
            if (++count % Page != 0)
                continue;
            await csv.FlushAsync(ct);
            progress(count);
        }
        await csv.FlushAsync(ct);
        return count;
    }

    /// <returns>How many tasks.</returns>
    public async Task<long> WriteNdjsonAsync(TenantId tenant, long upTo, ExportFilter filter, Stream output, Action<long> progress, CancellationToken ct)
    {
        var buffer = new ArrayBufferWriter<byte>(1 << 18);
        var count = 0L;
        await foreach (var task in ReadAsync(tenant, upTo, filter, ct))
        {
            Write(buffer, task);
            if (++count % Page != 0)
                continue;
            await output.WriteAsync(buffer.WrittenMemory, ct);
            buffer.ResetWrittenCount();
            progress(count);
        }
        await output.WriteAsync(buffer.WrittenMemory, ct);
        return count;
    }

    private const string StreamsSql =
        """
        select id
        from mt_streams
        where tenant_id = $1 and id > $2 and type = 'task_state'
        order by id
        limit $3
        """;

    private const string EventsSql =
        """
        select stream_id, version, type, data, coalesce((headers ->> 'occurred-at')::timestamptz, (headers ->> 'recorded-at')::timestamptz, timestamp)
        from mt_events
        where tenant_id = $1 and stream_id = any ($2) and seq_id <= $3
        order by stream_id, version
        """;

    public async IAsyncEnumerable<ExportedTask> ReadAsync(TenantId tenant, long upTo, ExportFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        var after = Guid.Empty;
        while (await StreamsAsync(tenant, after, ct) is { Length: > 0 } page)
        {
            foreach (var task in await FoldAsync(tenant, page, upTo, ct))
            {
                if (Matches(task.State, filter))
                    yield return task;
            }
            after = page[^1];
        }
    }

    private async Task<Guid[]> StreamsAsync(TenantId tenant, Guid after, CancellationToken ct)
    {
        await using var command = database.CreateCommand(StreamsSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = Page });
        var ids = new List<Guid>(Page);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            ids.Add(reader.GetGuid(0));
        return [.. ids];
    }

    private async Task<List<ExportedTask>> FoldAsync(TenantId tenant, Guid[] streams, long upTo, CancellationToken ct)
    {
        await using var command = database.CreateCommand(EventsSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = streams });
        command.Parameters.Add(new() { Value = upTo });
        var tasks = new List<ExportedTask>(streams.Length);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var id = reader.GetGuid(0);
            var at = new DateTimeOffset(reader.GetDateTime(4), TimeSpan.Zero);
            if (!types.TryRead(reader.GetString(2), await reader.GetFieldValueAsync<byte[]>(3, ct), out var body))
                throw new InvalidDataException($"Task {id} has an event {reader.GetString(2)} that this version does not know.");
            var before = tasks.Count > 0 && tasks[^1].Id == id ? tasks[^1] : null;
            var state = TaskCommands.Aggregate.Evolve(before?.State ?? TaskState.Initial, body);
            var task = new ExportedTask(id, state, before?.CreatedAt ?? at, at, reader.GetInt64(1));
            if (before is null)
                tasks.Add(task);
            else
                tasks[^1] = task;
        }
        return tasks;
    }

    private static bool Matches(TaskState task, ExportFilter filter) =>
        !task.IsDeleted
        && !filter.HiddenProjects.Contains(task.ProjectId)
        && (filter.ProjectId is null || task.ProjectId == filter.ProjectId)
        && (filter.Status is null || task.Status == filter.Status)
        && (filter.AssigneeId is null || task.AssigneeId == filter.AssigneeId)
        && (filter.Label is null || task.Labels.Contains(filter.Label, StringComparer.OrdinalIgnoreCase));

    private static void Write(ArrayBufferWriter<byte> buffer, ExportedTask exported)
    {
        var task = exported.State;
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, exported.Id);
            json.WriteString("key"u8, task.Key);
            json.WriteString("projectId"u8, task.ProjectId);
            json.WriteString("title"u8, task.Title);
            json.WriteString("description"u8, task.Description);
            json.WriteString("status"u8, StatusName(task.Status));
            json.WriteString("priority"u8, PriorityName(task.Priority));
            json.WriteString("assigneeId"u8, task.AssigneeId?.ToString("D"));
            json.WriteStartArray("labels"u8);
            foreach (var label in task.Labels)
                json.WriteStringValue(label);
            json.WriteEndArray();
            json.WriteString("dueOn"u8, task.DueOn?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            if (task.Estimate is { } estimate)
                json.WriteNumber("estimate"u8, estimate);
            else
                json.WriteNull("estimate"u8);
            json.WriteString("parentId"u8, task.ParentId?.ToString("D"));
            json.WriteBoolean("archived"u8, task.IsArchived);
            json.WriteString("createdAt"u8, exported.CreatedAt.UtcDateTime);
            json.WriteString("updatedAt"u8, exported.At.UtcDateTime);
            json.WriteNumber("version"u8, exported.Version);
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string StatusName(WorkStatus status) => status switch
    {
        WorkStatus.Backlog => "backlog",
        WorkStatus.Todo => "todo",
        WorkStatus.InProgress => "in_progress",
        WorkStatus.InReview => "in_review",
        WorkStatus.Done => "done",
        _ => "cancelled",
    };

    private static string PriorityName(Priority priority) => priority.ToString().ToLowerInvariant();
}
