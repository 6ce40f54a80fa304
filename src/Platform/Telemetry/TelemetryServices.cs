using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace Events.Platform.Telemetry;

public static class TelemetryServices
{
    private static readonly string[] EndpointSettings =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    ];

    /// <summary>
    /// Traces, metrics and logs by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> (or one of its three relatives) is set; JSON lines on
    /// the console otherwise. The exporter reads the other <c>OTEL_*</c> variables itself.
    /// </summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var exports = Array.Exists(EndpointSettings, name => !string.IsNullOrWhiteSpace(configuration[name]));
        services.AddLogging(logging =>
        {
            // Npgsql reports every command and every wait for a notification as information.
            logging.AddFilter("Npgsql", LogLevel.Warning);
            if (exports)
                logging.AddOpenTelemetry(log => log.SetResourceBuilder(Resource()).AddOtlpExporter());
            else
                logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        });
        if (exports)
            services.AddHostedService<TelemetryExport>();
        return services;
    }

    internal static ResourceBuilder Resource() =>
        ResourceBuilder.CreateDefault()
            .AddService("events", serviceVersion: typeof(TelemetryServices).Assembly.GetName().Version?.ToString(3))
            .AddEnvironmentVariableDetector();
}
