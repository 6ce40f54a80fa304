using Events.Http.Auth;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Messaging.Jobs;

namespace Events.Http.Jobs;

public sealed class JobHandlers(JobStore jobs, CursorSigner cursors)
{
    private const string ListName = "jobs";

    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var query = QueryParameters.Read(http.Request, "limit", "cursor");
        var limit = query.Limit();
        Guid? before = null;
        if (query.Find("cursor") is { Length: > 0 } cursor)
        {
            if (cursors.Open(caller.Tenant, ListName, cursor, out var wrong) is { Length: 16 } place)
                before = new Guid(place, bigEndian: true);
            else
                query.Refuse("cursor", "malformed_cursor", wrong ?? "The cursor is not one of this list.");
        }

        if (query.Problem is { } problem)
        {
            await http.Response.WriteAsync(problem);
            return;
        }

        // One more than asked for tells whether there is a next page.
        var found = await jobs.ListAsync(caller.Tenant, before, limit + 1, http.RequestAborted);
        var page = found.Count > limit ? [.. found.Take(limit)] : found;
        var next = found.Count > limit ? cursors.Sign(caller.Tenant, ListName, page[^1].Id.ToByteArray(bigEndian: true)) : null;
        await WriteAsync(http, 200, JobJson.Page(page, next));
    }

    public async Task GetAsync(HttpContext http)
    {
        if (await RequireIdAsync(http) is { } id)
            await AnswerAsync(http, id, 200);
    }

    public async Task CancelAsync(HttpContext http)
    {
        if (await RequireIdAsync(http) is not { } id)
            return;
        switch (await jobs.CancelAsync(http.Features.Get<Caller>()!.Tenant, id, CancellationToken.None))
        {
            case JobAnswer.NotPossible:
                await http.Response.WriteAsync(new Problem(409, "job_ended", "The job has ended: there is nothing to cancel."));
                break;
            case JobAnswer.Requested:
                await AnswerAsync(http, id, 202);
                break;
            default:
                await AnswerAsync(http, id, 200);
                break;
        }
    }

    public async Task RetryAsync(HttpContext http)
    {
        if (await RequireIdAsync(http) is not { } id)
            return;
        if (await jobs.RetryAsync(http.Features.Get<Caller>()!.Tenant, id, CancellationToken.None) == JobAnswer.NotPossible)
            await http.Response.WriteAsync(new Problem(409, "job_not_retryable", "Only a dead job, or a failed one that waits for its next attempt, can be retried."));
        else
            await AnswerAsync(http, id, 202);
    }

    private static async ValueTask<Guid?> RequireIdAsync(HttpContext http)
    {
        if (Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
            return id;
        await http.Response.WriteAsync(Problem.NotFound("There is nothing here: the id is not a UUID."));
        return null;
    }

    private async Task AnswerAsync(HttpContext http, Guid id, int status)
    {
        var tenant = http.Features.Get<Caller>()!.Tenant;
        if (await jobs.FindAsync(tenant, id, http.RequestAborted) is not { } job)
        {
            await http.Response.WriteAsync(Problem.NotFound("There is no such job."));
            return;
        }

        if (status == 202)
        {
            http.Response.Headers.Location = $"/api/v1/jobs/{id}";
            http.Response.Headers.RetryAfter = "1";
        }

        await WriteAsync(http, status, JobJson.Detail(job, await jobs.AttemptsAsync(tenant, id, http.RequestAborted)));
    }

    private static async Task WriteAsync(HttpContext http, int status, byte[] body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }
}
