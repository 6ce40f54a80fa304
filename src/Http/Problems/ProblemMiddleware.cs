using Events.EventStore;

namespace Events.Http.Problems;

/// <summary>Around everything: what nobody answered becomes a problem; what was thrown becomes a problem and a log line.</summary>
public sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (http.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null, ContentType: null })
                await http.Response.WriteAsync(Of(http.Response.StatusCode));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there any more to be told.
        }
        catch (Exception error) when (!http.Response.HasStarted)
        {
            var problem = Of(error);
            if (problem.Status >= 500 && problem.Code == "internal_error")
                LogUnexpected(error, http.Request.Method, http.Request.Path);
            else if (problem.Status >= 500 || error is UnreadableEventException)
                LogUnavailable(error, problem.Code);
            http.Response.Clear();
            await http.Response.WriteAsync(problem);
        }
    }

    private static Problem Of(Exception error) => error switch
    {
        BadHttpRequestException bad => new Problem(bad.StatusCode, bad.StatusCode == 413 ? "body_too_large" : "bad_request", "The request is not well-formed HTTP, was cut short or is too large."),
        UnreadableEventException unreadable => Refusals.Of(unreadable),
        InvalidUnitException invalid => new Problem(400, invalid.Code, invalid.Message),
        EventStoreBusyException busy => new Problem(503, "busy", "Too many changes wait to be written: try again.") { RetryAfter = Math.Max(1, (int)busy.RetryAfter.TotalSeconds) },
        EventStoreUnavailableException => new Problem(503, "database_unavailable", "The database cannot be reached; nothing was changed.") { RetryAfter = 1 },
        UnknownOutcomeException => new Problem(503, "outcome_unknown", "The connection broke while the change was written: repeat the request with the same Idempotency-Key.") { RetryAfter = 1 },
        Npgsql.NpgsqlException { IsTransient: true } or TimeoutException => new Problem(503, "database_unavailable", "The database cannot be reached.") { RetryAfter = 1 },
        _ => new Problem(500, "internal_error", "This is a fault of the service. It is on record under the trace id."),
    };

    private static Problem Of(int status) => status switch
    {
        401 => new Problem(401, "unauthenticated", "Sign in, or send a token: Authorization: Bearer …"),
        403 => new Problem(403, "forbidden", "You are not allowed to do this."),
        404 => Problem.NotFound("There is nothing at this address."),
        405 => new Problem(405, "method_not_allowed", "The address exists, but not with this method; see Allow."),
        415 => new Problem(415, "unsupported_media_type", "Send application/json."),
        _ => new Problem(status, "refused", "The request was refused."),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogUnexpected(Exception error, string method, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request was answered {Code}")]
    private partial void LogUnavailable(Exception error, string code);
}
