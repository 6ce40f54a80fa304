using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Messaging.Scheduling;

namespace Events.Http.Operations;

public sealed class ScheduleHandlers(ScheduleStore schedules, CursorSigner cursors)
{
    public const int MaxName = 200;

    private const string ListName = "schedules";

    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "limit", "cursor");
        var limit = query.Limit();
        var after = query.Place(cursors, caller.Tenant, ListName) is { } place ? Encoding.UTF8.GetString(place) : "";
        if (query.Problem is { } problem)
        {
            await http.Response.WriteAsync(problem);
            return;
        }

        var found = await schedules.ListAsync(after, limit + 1, http.RequestAborted);
        await http.WriteRowsAsync(found, limit, Write, last => cursors.Sign(caller.Tenant, ListName, Encoding.UTF8.GetBytes(last.Name)));
    }

    public async Task RunsAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var name = (string)http.Request.RouteValues["name"]!;
        // A cursor of one schedule's runs is none of another's.
        var list = $"{ListName}/{name}";
        var query = QueryParameters.Read(http.Request, "limit", "cursor");
        var limit = query.Limit();
        long? before = query.Place(cursors, caller.Tenant, list) is { Length: 8 } place ? BinaryPrimitives.ReadInt64BigEndian(place) : null;
        if (query.Problem is { } problem)
        {
            await http.Response.WriteAsync(problem);
            return;
        }

        if (name.Length > MaxName || name.Contains('\0', StringComparison.Ordinal) || !await schedules.ExistsAsync(name, http.RequestAborted))
        {
            await http.Response.WriteAsync(Problem.NotFound("There is no such schedule."));
            return;
        }

        var found = await schedules.RunsAsync(name, before, limit + 1, http.RequestAborted);
        await http.WriteRowsAsync(found, limit, Write, last =>
        {
            var number = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(number, last.RunNo);
            return cursors.Sign(caller.Tenant, list, number);
        });
    }

    private static void Write(Utf8JsonWriter json, ScheduleStatus schedule)
    {
        json.WriteString("name"u8, schedule.Name);
        json.WriteString("cron"u8, schedule.Cron);
        json.WriteString("timeZone"u8, schedule.TimeZone);
        json.WriteString("type"u8, schedule.Type);
        json.WriteString("nextRunAt"u8, schedule.NextRunAt.UtcDateTime);
        json.WriteTime("lastRunAt"u8, schedule.LastRunAt);
        json.WriteBoolean("paused"u8, schedule.Paused);
    }

    private static void Write(Utf8JsonWriter json, ScheduleRun run)
    {
        json.WriteString("dueAt"u8, run.DueAt.UtcDateTime);
        json.WriteString("firedAt"u8, run.FiredAt.UtcDateTime);
        json.WriteString("cause"u8, run.Cause);
        json.WriteString("jobId"u8, run.JobId);
        json.WriteString("status"u8, run.Status);
        if (run.Attempts is { } attempts)
            json.WriteNumber("attempts"u8, attempts);
        else
            json.WriteNull("attempts"u8);
        json.WriteTime("finishedAt"u8, run.FinishedAt);
        json.WriteString("error"u8, run.ErrorMessage);
    }
}
