using Npgsql;

namespace Events.Messaging.Scheduling;

/// <param name="LastRunAt">When its last ordinary run was due; null: there was none.</param>
public sealed record ScheduleStatus(string Name, string Cron, string TimeZone, string Type, DateTimeOffset NextRunAt, DateTimeOffset? LastRunAt, bool Paused);

/// <param name="Cause"><c>cron</c> or <c>manual</c>.</param>
/// <param name="Status">The job's; null when it is so old that the job is gone.</param>
/// <param name="RunNo">Grows with every run of any schedule.</param>
public sealed record ScheduleRun(long RunNo, DateTimeOffset DueAt, DateTimeOffset FiredAt, string Cause, Guid JobId, string? Status, int? Attempts, DateTimeOffset? FinishedAt, string? ErrorMessage);

/// <summary>Schedules and their runs as operators see them.</summary>
public sealed class ScheduleStore(NpgsqlDataSource database)
{
    private const string ListSql =
        """
        select name, cron, time_zone, type, next_run_at, last_run_at, paused
        from message_schedules
        where name > $1
        order by name
        limit $2
        """;

    /// <summary>By name.</summary>
    /// <param name="after">The last one of the page before; empty: from the first.</param>
    public async Task<IReadOnlyList<ScheduleStatus>> ListAsync(string after, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ListSql);
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var schedules = new List<ScheduleStatus>();
        while (await reader.ReadAsync(ct))
        {
            schedules.Add(new ScheduleStatus(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3),
                reader.GetFieldValue<DateTimeOffset>(4), Time(reader, 5), reader.GetBoolean(6)));
        }

        return schedules;
    }

    private const string ExistsSql =
        """
        select exists (select from message_schedules where name = $1)
        """;

    public async Task<bool> ExistsAsync(string name, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ExistsSql);
        command.Parameters.Add(new() { Value = name });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    private const string RunsSql =
        """
        select r.run_no, r.due_at, r.fired_at, r.cause, r.job_id, j.status, j.attempts, j.finished_at, j.error_message
        from message_schedule_runs r
        left join jobs j on j.id = r.job_id
        where r.name = $1 and r.run_no < $2
        order by r.run_no desc
        limit $3
        """;

    /// <summary>Newest first.</summary>
    /// <param name="before">Number of the last run of the page before; null: from the newest.</param>
    public async Task<IReadOnlyList<ScheduleRun>> RunsAsync(string name, long? before, int limit, CancellationToken ct)
    {
        await using var command = database.CreateCommand(RunsSql);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = before ?? long.MaxValue });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var runs = new List<ScheduleRun>();
        while (await reader.ReadAsync(ct))
        {
            runs.Add(new ScheduleRun(
                reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetString(3),
                reader.GetGuid(4), reader.IsDBNull(5) ? null : reader.GetString(5), reader.IsDBNull(6) ? null : reader.GetInt16(6),
                Time(reader, 7), reader.IsDBNull(8) ? null : reader.GetString(8)));
        }

        return runs;
    }

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
