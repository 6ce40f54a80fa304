using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Http.Describing;
using Events.Messaging.DeadLetters;

namespace Events.Http.Operations;

/// <summary>What runs by the clock, and what could not be handled, for operators.</summary>
public static class MessageEndpoints
{
    private const string Tag = "Operations";

    private const string Schedule =
        """{"name":"digests","cron":"0 * * * *","timeZone":"Etc/UTC","type":"send_digests","nextRunAt":"2026-11-21T10:00:00Z","lastRunAt":"2026-11-21T09:00:00Z","paused":false}""";

    private const string Run =
        """{"dueAt":"2026-11-21T09:00:00Z","firedAt":"2026-11-21T09:00:00.412Z","cause":"cron","jobId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","status":"succeeded","attempts":1,"finishedAt":"2026-11-21T09:00:01.1Z","error":null}""";

    private const string Letter =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e62","type":"send_mail","queue":"default","reason":"exhausted","diedAt":"2026-11-21T09:30:00Z","attempts":5,"orderKey":null,"error":{"type":"SmtpException","message":"The server did not answer."}}""";

    private static readonly Parameter[] Name = [Parameter.Text("name", "A schedule's name.", "digests", ScheduleHandlers.MaxName)];

    public static void MapMessageOperations(this IEndpointRouteBuilder api)
    {
        var schedules = api.ServiceProvider.GetRequiredService<ScheduleHandlers>();
        api.MapGet("/operations/schedules", schedules.ListAsync).RequirePermission(Permission.OperationsRead).Describe(new("listSchedules", Tag, "List what runs by the clock")
        {
            Query = [Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page(Schedule),
            Nulls = ["lastRunAt"],
            Paginated = true,
        });
        api.MapGet("/operations/schedules/{name}/runs", schedules.RunsAsync).RequirePermission(Permission.OperationsRead).Describe(new("listScheduleRuns", Tag, "List a schedule's runs")
        {
            Description = "Newest first, and how the job of each went: `status` is null when the job is so old that it is gone.",
            Path = Name,
            Query = [Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page(Run),
            Nulls = ["status", "jobId", "attempts"],
            Paginated = true,
        });

        var letters = api.ServiceProvider.GetRequiredService<DeadLetterHandlers>();
        api.MapGet("/operations/dead-letters", letters.ListAsync).RequirePermission(Permission.OperationsRead).Describe(new("listDeadLetters", Tag, "List a workspace's dead letters")
        {
            Description = "Newest first: messages that used up their attempts (`exhausted`), were not worth another (`permanent`) or may have killed their workers (`poison`).",
            Query =
            [
                new("workspaceId", """{"type":"string","minLength":1,"maxLength":64}""", "Whose.", "01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60", Required: true),
                Parameter.Text("type", "Only of this type of message.", "send_mail"), Parameter.Limit, Parameter.Cursor,
            ],
            Example = Examples.Page(Letter),
            Paginated = true,
        });
        api.MapPost("/operations/dead-letters/replay", letters.ReplayAsync).RequirePermission(Permission.OperationsWrite).Describe(new("replayDeadLetters", Tag, "Give dead letters all their attempts again")
        {
            Repeated = "what was replayed is not dead any more; a repeat takes what is left.",
            Description = $"The oldest {DeadLetterChoice.MaxLimit} of those with one of `ids`, of a `type`, or both; one of the two is needed. All or none. `changed` says how many: less than were meant when some are not dead any more, or another message has their unique key.",
            Body = DeadLetterRequest.Shape,
            Example = """{"changed":12}""",
        });
        api.MapPost("/operations/dead-letters/discard", letters.DiscardAsync).RequirePermission(Permission.OperationsWrite).Describe(new("discardDeadLetters", Tag, "Delete dead letters for good")
        {
            Repeated = "what was discarded is gone; a repeat takes what is left.",
            Description = "Chosen as for a replay. What waited behind one in the order of its key goes on.",
            Body = DeadLetterRequest.Shape,
            Example = """{"changed":12}""",
        });
    }
}
