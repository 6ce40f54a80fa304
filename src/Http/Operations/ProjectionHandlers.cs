using System.Text.Json;
using Events.Http.Auth;
using Events.Http.Problems;
using Events.Platform.Tenancy;
using Events.Projections.Rebuild;

namespace Events.Http.Operations;

public sealed class ProjectionHandlers(ProjectionOperations operations, TimeProvider time)
{
    private const int MostBodyBytes = 4096;

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
        if (await RequireAsync(http) is not { } name || await ReadAsync(http, withReason: false) is not { } stream)
            return;
        await WriteAsync(http, name, await operations.ReleaseAsync(name, stream.Tenant, stream.Id, http.RequestAborted));
    }

    public async Task SkipAsync(HttpContext http)
    {
        if (await RequireAsync(http) is not { } name || await ReadAsync(http, withReason: true) is not { } stream)
            return;
        await WriteAsync(http, name, await operations.SkipAsync(name, stream.Tenant, stream.Id, stream.Reason, ActorOf(http), http.RequestAborted));
    }

    private static string ActorOf(HttpContext http) => http.Features.Get<Caller>()?.Actor ?? "unknown";

    private async ValueTask<string?> RequireAsync(HttpContext http)
    {
        if (http.Request.RouteValues["name"] is string name && operations.Resolve(name) is [var found])
            return found;
        await http.Response.WriteAsync(Problem.NotFound($"There is no such projection: one of {string.Join(", ", operations.Names)}."));
        return null;
    }

    private static async ValueTask<(TenantId Tenant, Guid Id, string Reason)?> ReadAsync(HttpContext http, bool withReason)
    {
        if (http.Request.ContentLength is null or > MostBodyBytes)
        {
            await http.Response.WriteAsync(new Problem(400, "invalid_request", $"The body is one JSON object of at most {MostBodyBytes} bytes."));
            return null;
        }

        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            string? tenant = null, reason = null;
            Guid? id = null;
            foreach (var member in body.RootElement.EnumerateObject())
            {
                switch (member.Name)
                {
                    case "workspaceId" when member.Value.GetString() is { Length: > 0 and <= TenantId.MaxLength } text && !text.Any(char.IsControl) && !string.IsNullOrWhiteSpace(text):
                        tenant = text;
                        break;
                    case "streamId" when member.Value.TryGetGuid(out var guid):
                        id = guid;
                        break;
                    case "reason" when member.Value.GetString() is { Length: > 0 and <= 500 } text && !text.Contains('\0', StringComparison.Ordinal):
                        reason = text;
                        break;
                    default:
                        await http.Response.WriteAsync(Problem.OfField(400, "invalid_request", $"{member.Name} is not a member here, or not as it must be.", $"/{member.Name}"));
                        return null;
                }
            }

            if (tenant is not null && id is not null && (reason is not null || !withReason))
                return (new TenantId(tenant), id.Value, reason ?? "");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            await http.Response.WriteAsync(new Problem(400, "malformed_json", "The body is not one JSON object with texts."));
            return null;
        }

        await http.Response.WriteAsync(new Problem(400, "invalid_request", withReason ? "workspaceId, streamId and reason are needed." : "workspaceId and streamId are needed."));
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
