using Events.Http.Auth;
using Events.Http.Problems;
using Events.Http.Security;
using Microsoft.Extensions.Options;

namespace Events.Http.Limiting;

/// <summary>Counts requests of one network rather than of one caller: for endpoints that strangers use to prove who they are.</summary>
internal sealed record CountedAsCredentials;

internal static class CredentialCounting
{
    public static TBuilder CountAsCredentials<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new CountedAsCredentials());
}

/// <summary>The quotas of this process, and their headers.</summary>
internal sealed class RateLimits(IOptions<SecurityOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly RateLimit callers = new("default", options.Value.RequestsPerMinute, Minute, time);
    private readonly RateLimit credentials = new("credentials", options.Value.CredentialRequestsPerMinute, Minute, time);

    /// <returns>A problem when the caller is over the quota.</returns>
    public Problem? Count(HttpContext http, Caller caller) =>
        Count(http, callers, caller.TokenId is { } token ? token.ToString("N") : $"{caller.PersonId:N}");

    /// <summary>The same of a person whose request is about no workspace.</summary>
    public Problem? Count(HttpContext http, SignedInPerson person) => Count(http, callers, $"{person.PersonId:N}");

    /// <inheritdoc cref="Count(HttpContext, Caller)"/>
    public Problem? CountCredentials(HttpContext http) => Count(http, credentials, Network.Of(http));

    private static Problem? Count(HttpContext http, RateLimit limit, string key)
    {
        var state = limit.Take(key);
        http.Response.Headers["RateLimit-Policy"] = limit.Policy;
        http.Response.Headers["RateLimit"] = state.Header;
        return state.Allowed ? null : Exceeded(state);
    }

    public static Problem Exceeded(RateLimitState state) => new(429, "quota_exceeded", $"The quota \"{state.Policy}\" is used up: try again in {state.Reset} s.")
    {
        Type = "https://iana.org/assignments/http-problem-types#quota-exceeded",
        RetryAfter = state.Reset,
    };
}
