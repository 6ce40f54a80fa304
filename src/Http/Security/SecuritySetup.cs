using System.Net;
using Events.Http.Auth;
using Events.Http.Limiting;
using Events.Platform.Startup;
using Events.Platform.Tenancy;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Events.Http.Security;

public static class SecuritySetup
{
    private const int MaxBody = 1 << 20;
    private const int MaxHeaders = 16 << 10;

    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddOptions<SecurityOptions>().BindConfiguration(SecurityOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddHostedService<RowSecurity>();
        services.AddSingleton<Operators>();
        services.AddSingleton<TokenUse>();
        services.AddHostedService(provider => provider.GetRequiredService<TokenUse>());
        services.AddSingleton<Authenticator>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<SignInGuard>();
        services.AddSingleton<AuditTrail>();
        services.AddCors();
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<SecurityOptions>>((timeouts, security) =>
            timeouts.DefaultPolicy = new RequestTimeoutPolicy
            {
                Timeout = TimeSpan.FromSeconds(security.Value.RequestTimeout),
                TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
            });
        services.Configure<KestrelServerOptions>(Limit);
        return services;
    }

    /// <summary>Between the problems and the endpoints.</summary>
    public static void UseSecurity(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value;
        if (options.TrustedProxies.Count > 0)
            app.UseForwardedHeaders(Forwarding(options));
        app.UseMiddleware<SecurityHeaders>();
        if (options.AllowedOrigins.Count > 0)
        {
            // Exact origins and no cookies: other sites' pages act by a token that they hold, never by the visitor's session.
            app.UseCors(cors => cors
                .WithOrigins([.. options.AllowedOrigins])
                .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE")
                .WithHeaders("authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "events-min-position", "traceparent")
                .WithExposedHeaders("ETag", "Events-Position", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After")
                .SetPreflightMaxAge(TimeSpan.FromHours(1)));
        }
        app.UseRequestTimeouts();
        app.UseMiddleware<AccessMiddleware>();
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = MaxBody;
        limits.MaxRequestHeadersTotalSize = MaxHeaders;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestLineSize = 8 << 10;
        // Who dribbles headers or a body, or leaves an answer lying, is let go.
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));
        limits.MaxConcurrentConnections = 20_000;
        limits.MaxConcurrentUpgradedConnections = 1_000;
        limits.Http2.MaxStreamsPerConnection = 100;
    }

    private static ForwardedHeadersOptions Forwarding(SecurityOptions options)
    {
        var forwarding = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost };
        forwarding.KnownIPNetworks.Clear();
        forwarding.KnownProxies.Clear();
        foreach (var proxy in options.TrustedProxies)
        {
            if (!IPAddress.TryParse(proxy, out var address))
                throw new CannotStartException($"Events__Security__TrustedProxies takes IP addresses; {proxy} is none.");
            forwarding.KnownProxies.Add(address);
        }
        return forwarding;
    }
}
