using System.Diagnostics;
using Events.Commands.Audit;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Http.Problems;
using Events.Platform.Tenancy;

namespace Events.Http.Auth;

/// <summary>Says of a request without credentials whom it turned out to be about, e.g. at sign-in.</summary>
internal sealed record AuditSubject(Guid PersonId, TenantId? Tenant = null);

/// <summary>
/// What goes into the audit log: every refusal for want of credentials, permission or quota, and every change that the
/// workspace's history of tasks and projects does not tell already.
/// </summary>
internal sealed class AuditTrail(AuditLog log, TimeProvider time)
{
    private const int MaxClient = 200;

    // Their events name actor, time and change; a second record of each would only cost.
    private static readonly PermissionSet ToldByEvents = PermissionSet.Of(
        Permission.TasksWrite, Permission.ProjectsWrite, Permission.FilesWrite, Permission.NotificationsWrite);

    public void Record(HttpContext http, RouteEndpoint endpoint, AccessDeclaration? declared, Identity identity)
    {
        if (!IsWorth(http, declared))
            return;
        var caller = (identity as Identity.Program)?.Caller ?? (identity as Identity.Person)?.Caller;
        var subject = http.Features.Get<AuditSubject>();
        var now = time.GetUtcNow();
        // Nobody waits for the record.
        _ = log.Record(new(
            caller?.Tenant ?? subject?.Tenant ?? (identity as Identity.Stranger)?.Claimed ?? PeopleTenant.Id,
            Guid.CreateVersion7(now),
            now,
            caller?.PersonId ?? (identity as Identity.Person)?.SignedIn.PersonId ?? subject?.PersonId,
            caller?.TokenId,
            $"{http.Request.Method} {endpoint.RoutePattern.RawText}" is { Length: <= 80 } action ? action : http.Request.Method,
            TargetOf(http),
            http.Features.Get<Problem>()?.Code ?? (http.Response.StatusCode < 400 ? "done" : "refused"),
            (short)http.Response.StatusCode,
            http.Connection.RemoteIpAddress,
            ClientOf(http.Request),
            Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier));
    }

    private static bool IsWorth(HttpContext http, AccessDeclaration? declared)
    {
        if (http.Response.StatusCode is 401 or 403 or 429)
            return true;
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
            return false;
        return declared is not AccessDeclaration.Permitted permitted || (permitted.Bit & ToldByEvents.Bits) == 0;
    }

    private static string TargetOf(HttpContext http)
    {
        // Only ids: what else stands in a path could be anything.
        var ids = http.Request.RouteValues.Values.OfType<string>().Where(value => Guid.TryParseExact(value, "D", out _));
        return string.Join('/', ids.Take(4));
    }

    private static string? ClientOf(HttpRequest request)
    {
        var agent = request.Headers.UserAgent.ToString();
        if (agent.Length == 0)
            return null;
        var clean = new string([.. agent.Take(MaxClient).Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
        return clean;
    }
}
