using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Messaging.Jobs;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Http.Jobs;

public sealed class JobHandlers(JobStore jobs, JobActions actions, CursorSigner cursors)
{
    private const string ListName = "jobs";
    private static readonly Problem Unknown = Problem.NotFound("There is no such job.");

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
                query.Refuse("cursor", "bad_cursor", wrong ?? "The cursor is not one of this list.");
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
        if (next is not null)
            http.Response.Headers.Link = PageAnswer.NextLink(http.Request, next);
        await WriteAsync(http, JobJson.Page(page, next));
    }

    public async Task GetAsync(HttpContext http)
    {
        if (await RequireIdAsync(http) is not { } id)
            return;
        var tenant = http.Features.Get<Caller>()!.Tenant;
        if (await jobs.FindAsync(tenant, id, http.RequestAborted) is { } job)
            await WriteAsync(http, JobJson.Detail(job, await jobs.AttemptsAsync(tenant, id, http.RequestAborted)));
        else
            await http.Response.WriteAsync(Unknown);
    }

    public async Task CancelAsync(HttpContext http)
    {
        if (await RequireIdAsync(http) is not { } id)
            return;
        var tenant = http.Features.Get<Caller>()!.Tenant;
        await actions.OnceAsync(http, async connection => await JobStore.CancelAsync(connection, tenant, id, CancellationToken.None) switch
        {
            JobAnswer.NotPossible => (new Problem(409, "job_ended", "The job has ended: there is nothing to cancel."), null),
            JobAnswer.Requested => await DetailAsync(connection, tenant, id, 202),
            _ => await DetailAsync(connection, tenant, id, 200),
        });
    }

    public async Task RetryAsync(HttpContext http)
    {
        if (await RequireIdAsync(http) is not { } id)
            return;
        var tenant = http.Features.Get<Caller>()!.Tenant;
        await actions.OnceAsync(http, async connection => await JobStore.RetryAsync(connection, tenant, id, CancellationToken.None) switch
        {
            JobAnswer.NotPossible => (new Problem(409, "job_not_retryable", "Only a dead job, or a failed one that waits for its next attempt, can be retried."), null),
            _ => await DetailAsync(connection, tenant, id, 202),
        });
    }

    private static async Task<(Problem?, StoredAnswer?)> DetailAsync(NpgsqlConnection connection, TenantId tenant, Guid id, int status)
    {
        if (await JobStore.FindAsync(connection, tenant, id, CancellationToken.None) is not { } job)
            return (Unknown, null);
        var body = JobJson.Detail(job, await JobStore.AttemptsAsync(connection, tenant, id, CancellationToken.None));
        return (null, new StoredAnswer(status, status == 202 ? $"/api/v1/jobs/{id}" : null, null, body));
    }

    private static async ValueTask<Guid?> RequireIdAsync(HttpContext http)
    {
        if (Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
            return id;
        await http.Response.WriteAsync(Problem.NotFound("There is nothing here: the id is not a UUID."));
        return null;
    }

    // Whoever polls a job that has not moved is answered 304.
    private static Task WriteAsync(HttpContext http, byte[] body) => http.WriteDocumentAsync(body, ContentHash.TagOf(body));
}
