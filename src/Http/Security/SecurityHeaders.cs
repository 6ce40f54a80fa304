using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Events.Http.Security;

/// <summary>What every answer tells browsers: no guessing of types, no frames, no referrer, and where scripts may come from.</summary>
internal sealed class SecurityHeaders
{
    // Set before the endpoint runs, so that one with a reason may say otherwise; made once.
    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues NoReferrer = "no-referrer";
    private static readonly StringValues Deny = "DENY";
    private static readonly StringValues SameOrigin = "same-origin";
    private static readonly StringValues Private = "private, no-cache";
    private static readonly StringValues Hsts = "max-age=63072000; includeSubDomains";
    private static readonly StringValues NoFeatures = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
    private static readonly StringValues DataPolicy = "default-src 'none'; frame-ancestors 'none'";

    private readonly RequestDelegate next;
    private readonly StringValues pagePolicy;

    public SecurityHeaders(RequestDelegate next, IOptions<SecurityOptions> options)
    {
        this.next = next;
        pagePolicy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; " +
            $"connect-src {string.Join(' ', ["'self'", .. options.Value.ConnectSources])}; " +
            "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    }

    public Task InvokeAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = NoSniff;
        headers["Referrer-Policy"] = NoReferrer;
        headers.XFrameOptions = Deny;
        headers["Cross-Origin-Opener-Policy"] = SameOrigin;
        headers["Cross-Origin-Resource-Policy"] = SameOrigin;
        if (http.Request.IsHttps)
            headers.StrictTransportSecurity = Hsts;
        if (http.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            headers.ContentSecurityPolicy = DataPolicy;
            headers.CacheControl = Private;
        }
        else
        {
            headers.ContentSecurityPolicy = pagePolicy;
            headers["Permissions-Policy"] = NoFeatures;
        }
        return next(http);
    }
}
