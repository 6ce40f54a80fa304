using Events.Http.Limiting;
using Events.Http.Problems;
using Events.Http.Security;
using Microsoft.Extensions.Options;

namespace Events.Http.Auth;

/// <summary>
/// Before every endpoint: who asks, whether they may, and how often. An endpoint that does not say who may use it is closed.
/// </summary>
internal sealed class AccessMiddleware(
    RequestDelegate next, Authenticator authenticator, RateLimits limits, AuditTrail audit, IOptions<SecurityOptions> options)
{
    private static readonly Problem Unauthenticated = new(401, "unauthenticated", "Sign in, or send a token that is valid: Authorization: Bearer …");
    private static readonly Problem FromElsewhere = new(403, "cross_site", "This change was asked for by a page of another site.");
    private static readonly Problem NoWorkspace = new(403, "no_workspace", "You are in no workspace, or not in the one that Events-Workspace names.");
    private static readonly Problem PeopleOnly = new(403, "people_only", "This is about a person: sign in instead of sending a token.");
    private static readonly Problem Closed = new(403, "forbidden", "Nobody is allowed to do this.");

    public Task InvokeAsync(HttpContext http)
    {
        // No endpoint: a 404, or what other middleware serves. Not a route's: the framework's own 405 and 415.
        return http.GetEndpoint() is RouteEndpoint endpoint ? AdmitAsync(http, endpoint) : next(http);
    }

    private async Task AdmitAsync(HttpContext http, RouteEndpoint endpoint)
    {
        var declared = endpoint.Metadata.GetMetadata<AccessDeclaration>();
        Identity identity = Identity.Nobody;
        Problem? problem;
        switch (declared)
        {
            case AccessDeclaration.Permitted permitted:
                identity = await authenticator.IdentifyAsync(http);
                problem = Admit(http, identity, permitted);
                break;
            case AccessDeclaration.SignedIn:
                identity = await authenticator.IdentifyAsync(http);
                problem = Admit(http, endpoint, identity);
                break;
            case AccessDeclaration.Anybody:
                problem = AdmitAnybody(http, endpoint);
                break;
            default:
                problem = Closed;
                break;
        }
        if (problem is null)
            await next(http);
        else
            await RefuseAsync(http, problem);
        audit.Record(http, endpoint, declared, identity);
    }

    private Problem? Admit(HttpContext http, Identity identity, AccessDeclaration.Permitted declared)
    {
        Caller? caller;
        switch (identity)
        {
            case Identity.Program program:
                caller = program.Caller;
                break;
            case Identity.Person person when CrossSite.Refuses(http.Request, options.Value.AllowedOrigins):
                return FromElsewhere;
            case Identity.Person { Caller: null }:
                return NoWorkspace;
            case Identity.Person person:
                caller = person.Caller;
                http.Features.Set(person.SignedIn);
                break;
            default:
                return Unauthenticated;
        }
        if (limits.Count(http, caller!) is { } exceeded)
            return exceeded;
        if ((caller!.Permissions.Bits & declared.Bit) == 0)
            return new(403, "forbidden", $"This takes {declared.Permission}, which you do not have here.");
        http.Features.Set(caller);
        return null;
    }

    private Problem? Admit(HttpContext http, RouteEndpoint endpoint, Identity identity)
    {
        switch (identity)
        {
            case Identity.Program:
                return PeopleOnly;
            case Identity.Person person:
                if (CrossSite.Refuses(http.Request, options.Value.AllowedOrigins))
                    return FromElsewhere;
                http.Features.Set(person.SignedIn);
                if (person.Caller is not null)
                    http.Features.Set(person.Caller);
                return endpoint.Metadata.GetMetadata<CountedAsCredentials>() is null ? limits.Count(http, person.SignedIn) : limits.CountCredentials(http);
            default:
                return Unauthenticated;
        }
    }

    private Problem? AdmitAnybody(HttpContext http, RouteEndpoint endpoint)
    {
        if (endpoint.Metadata.GetMetadata<CountedAsCredentials>() is null)
            return null;
        return CrossSite.Refuses(http.Request, options.Value.AllowedOrigins) ? FromElsewhere : limits.CountCredentials(http);
    }

    private static Task RefuseAsync(HttpContext http, Problem problem)
    {
        AccessTelemetry.CountRefusal(problem.Code);
        if (problem.Status == 401)
            http.Response.Headers.WWWAuthenticate = http.Request.Headers.Authorization.Count == 0 ? "Bearer" : "Bearer error=\"invalid_token\"";
        return http.Response.WriteAsync(problem);
    }
}
