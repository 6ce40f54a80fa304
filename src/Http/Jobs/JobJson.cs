using System.Text.Json;
using Events.Http.Answers;
using Events.Messaging.Jobs;

namespace Events.Http.Jobs;

/// <summary>Jobs on the wire.</summary>
public static class JobJson
{
    public const string ListExample =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","type":"import_tasks","status":"running","cancelRequested":false,"progress":{"done":1200,"total":5000,"message":"Reading rows"},"attempts":1,"createdAt":"2026-11-21T09:30:00.123456Z","startedAt":"2026-11-21T09:30:00.125Z","finishedAt":null}""";

    public static byte[] Page(IReadOnlyList<Job> jobs, string? nextCursor) => JsonBytes.Render((jobs, nextCursor), static (json, page) =>
    {
        json.WriteStartObject();
        json.WriteStartArray("items"u8);
        foreach (var job in page.jobs)
        {
            json.WriteStartObject();
            WriteMembers(json, job);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("nextCursor"u8, page.nextCursor);
        json.WriteEndObject();
    });

    public static byte[] Detail(Job job, IReadOnlyList<JobAttempt> history) => JsonBytes.Render((job, history), static (json, x) =>
    {
        json.WriteStartObject();
        WriteMembers(json, x.job);
        json.WritePropertyName("result"u8);
        if (x.job.Result is { } result)
            json.WriteRawValue(result.Span, skipInputValidation: true);
        else
            json.WriteNullValue();
        json.WritePropertyName("error"u8);
        WriteError(json, x.job.ErrorType, x.job.ErrorMessage);
        json.WriteStartArray("history"u8);
        foreach (var attempt in x.history)
            WriteAttempt(json, attempt);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>What a list item and a detail have in common; for the live stream as well.</summary>
    public static void WriteMembers(Utf8JsonWriter json, Job job)
    {
        json.WriteString("id"u8, job.Id);
        json.WriteString("type"u8, job.Type);
        json.WriteString("status"u8, job.Status);
        json.WriteBoolean("cancelRequested"u8, job.CancelRequested);
        json.WriteStartObject("progress"u8);
        json.WriteNumber("done"u8, job.ProgressDone);
        if (job.ProgressTotal is { } total)
            json.WriteNumber("total"u8, total);
        else
            json.WriteNull("total"u8);
        json.WriteString("message"u8, job.ProgressMessage);
        json.WriteEndObject();
        json.WriteNumber("attempts"u8, job.Attempts);
        json.WriteString("createdAt"u8, job.CreatedAt.UtcDateTime);
        WriteTime(json, "startedAt"u8, job.StartedAt);
        WriteTime(json, "finishedAt"u8, job.FinishedAt);
    }

    private static void WriteAttempt(Utf8JsonWriter json, JobAttempt attempt)
    {
        json.WriteStartObject();
        json.WriteNumber("attempt"u8, attempt.Attempt);
        WriteTime(json, "startedAt"u8, attempt.StartedAt);
        json.WriteString("finishedAt"u8, attempt.FinishedAt.UtcDateTime);
        json.WriteString("outcome"u8, attempt.Outcome);
        json.WritePropertyName("error"u8);
        WriteError(json, attempt.ErrorType, attempt.ErrorMessage);
        json.WriteEndObject();
    }

    private static void WriteError(Utf8JsonWriter json, string? type, string? message)
    {
        if (type is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, type[(type.LastIndexOf('.') + 1)..]);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteString(name, known.UtcDateTime);
        else
            json.WriteNull(name);
    }
}
