using System.Diagnostics;
using System.Text.Json;
using Events.Http.Answers;

namespace Events.Http.Problems;

/// <summary>Writes problems; the only place that makes an <c>application/problem+json</c>.</summary>
public static class ProblemWriter
{
    public const string ContentType = "application/problem+json";

    public static Task WriteAsync(this HttpResponse response, Problem problem, CancellationToken ct = default)
    {
        var body = JsonBytes.Render(problem, Write);
        // The audit log says what was refused, and why.
        response.HttpContext.Features.Set(problem);
        response.StatusCode = problem.Status;
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        if (problem.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString();
        return response.Body.WriteAsync(body, ct).AsTask();
    }

    /// <summary>The problem as a JSON object.</summary>
    public static void Write(Utf8JsonWriter json, Problem p)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, p.Type ?? $"/problems/{p.Code}");
        json.WriteString("title"u8, Title(p.Status));
        json.WriteNumber("status"u8, p.Status);
        json.WriteString("detail"u8, p.Detail);
        json.WriteString("code"u8, p.Code);
        if (Activity.Current is { } activity)
            json.WriteString("traceId"u8, activity.TraceId.ToHexString());
        if (p.Errors.Count > 0)
        {
            json.WriteStartArray("errors"u8);
            foreach (var error in p.Errors)
            {
                json.WriteStartObject();
                json.WriteString("pointer"u8, error.Pointer);
                json.WriteString("code"u8, error.Code);
                json.WriteString("detail"u8, error.Detail);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static string Title(int status) => status switch
    {
        400 => "The request is not valid",
        401 => "Credentials are missing or not valid",
        403 => "Not allowed",
        404 => "Not found",
        405 => "The method is not allowed here",
        406 => "Nothing acceptable",
        408 => "The request took too long",
        409 => "In conflict with what is there",
        410 => "Gone",
        412 => "The version is another one",
        413 => "Too large",
        415 => "The media type is not supported",
        422 => "Not possible",
        428 => "A condition is required",
        429 => "Too many requests",
        431 => "The headers are too large",
        503 => "Try again later",
        _ => "Something went wrong",
    };
}
