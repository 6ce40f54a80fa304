using Events.Http.Auth;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Events.Http.Hosting;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: every registered check is healthy. A part of the system adds its
/// own with <c>services.AddHealthChecks().AddCheck&lt;T&gt;(name)</c>.
/// </summary>
internal static class HealthEndpoints
{
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks()
            .AddCheck<DatabaseCheck>("postgres")
            .AddCheck<MigrationsCheck>("migrations")
            .AddCheck<HighWaterCheck>("high-water-mark")
            .AddCheck<ProjectionsCheck>("projections");
        return services;
    }

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync })
            .AllowAnybody("An orchestrator has no credentials; the answer names parts, not data.");
        endpoints.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync })
            .AllowAnybody("An orchestrator has no credentials; the answer names parts, not data.");
    }

    /// <summary><c>{"status":"Healthy","checks":{"postgres":{"status":"Healthy","detail":null}}}</c>; 200, or 503 when unhealthy.</summary>
    private static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await using var json = new System.Text.Json.Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", report.Status.ToString());
        json.WriteStartObject("checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartObject(name);
            json.WriteString("status", entry.Status.ToString());
            json.WriteString("detail", entry.Description);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }
}
