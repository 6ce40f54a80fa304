using Events.Http.Auth;
using Events.Http.Problems;
using Events.Platform.Tenancy;
using Events.Projections.Rebuild;

namespace Events.Http.Operations;

public sealed class ProjectionHandlers(ProjectionOperations operations, TimeProvider time)
{
    public async Task StatusAsync(HttpContext http) =>
        await WriteAsync(http, 200, ProjectionJson.Status(await operations.StatusAsync(http.RequestAborted), time.GetUtcNow()));

    public async Task RebuildAsync(HttpContext http)
    {
        if (await RequireAsync(http) is not { } name)
            return;
        if (await operations.RequestRebuildAsync(name, ActorOf(http), http.RequestAborted))
        {
            http.Response.Headers.Location = "/api/v1/operations/projections";
            http.Response.Headers.RetryAfter = "1";
            await WriteAsync(http, 202, ProjectionJson.Changed(name, changed: true));
        }
        else
        {
            await http.Response.WriteAsync(new Problem(409, "rebuild_under_way", $"A rebuild of {name} is under way."));
        }
    }

    public async Task RollBackAsync(HttpContext http)
    {
        if (await RequireAsync(http) is not { } name)
            return;
        if (await operations.RollBackAsync(name, http.RequestAborted))
            await WriteAsync(http, 200, ProjectionJson.Changed(name, changed: true));
        else
            await http.Response.WriteAsync(new Problem(409, "nothing_to_roll_back", $"There are no earlier tables of {name}, or a rebuild of it is under way."));
    }

    public async Task PauseAsync(HttpContext http)
    {
        if (await RequireAsync(http) is { } name)
            await WriteAsync(http, 200, ProjectionJson.Changed(name, await operations.PauseAsync(name, ActorOf(http), http.RequestAborted)));
    }

    public async Task ResumeAsync(HttpContext http)
    {
        if (await RequireAsync(http) is { } name)
            await WriteAsync(http, 200, ProjectionJson.Changed(name, await operations.ResumeAsync(name, http.RequestAborted)));
    }

    public async Task VerifyAsync(HttpContext http)
    {
        if (await RequireAsync(http) is not { } name)
            return;
        await operations.RequestVerificationAsync(name, http.RequestAborted);
        http.Response.Headers.Location = "/api/v1/operations/projections";
        http.Response.Headers.RetryAfter = "2";
        await WriteAsync(http, 202, ProjectionJson.Changed(name, changed: true));
    }

    public async Task ReleaseAsync(HttpContext http)
    {
        if (await RequireAsync(http) is not { } name || await OperationBodies.ReadAsync(http, ParkedStreamRequest.Release, request => request.Wrong) is not { } stream)
            return;
        await WriteAsync(http, name, await operations.ReleaseAsync(name, new TenantId(stream.WorkspaceId), stream.StreamId, http.RequestAborted));
    }

    public async Task SkipAsync(HttpContext http)
    {
        if (await RequireAsync(http) is not { } name || await OperationBodies.ReadAsync(http, ParkedStreamRequest.Skip, request => request.Wrong) is not { } stream)
            return;
        await WriteAsync(http, name, await operations.SkipAsync(name, new TenantId(stream.WorkspaceId), stream.StreamId, stream.Reason!, ActorOf(http), http.RequestAborted));
    }

    private static string ActorOf(HttpContext http) => http.Features.Get<Caller>()?.Actor ?? "unknown";

    private async ValueTask<string?> RequireAsync(HttpContext http)
    {
        if (http.Request.RouteValues["name"] is string name && operations.Resolve(name) is [var found])
            return found;
        await http.Response.WriteAsync(Problem.NotFound($"There is no such projection: one of {string.Join(", ", operations.Names)}."));
        return null;
    }

    private static async Task WriteAsync(HttpContext http, string name, ReleaseOutcome outcome)
    {
        if (outcome.Found)
            await WriteAsync(http, 200, ProjectionJson.Changed(name, outcome.Released, outcome.Error));
        else
            await http.Response.WriteAsync(Problem.NotFound($"{name} has not parked that stream."));
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
