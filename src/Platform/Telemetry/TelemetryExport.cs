using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Events.Platform.Telemetry;

/// <summary>Exports while the host runs, and once more what is left when it stops.</summary>
internal sealed class TelemetryExport : IHostedService, IDisposable
{
    private TracerProvider? traces;
    private MeterProvider? metrics;

    public Task StartAsync(CancellationToken ct)
    {
        traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(TelemetryServices.Resource())
            .AddSource(TelemetryNames.Sources)
            .AddOtlpExporter()
            .Build();
        metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(TelemetryServices.Resource())
            .AddMeter(TelemetryNames.Meters)
            .AddOtlpExporter()
            .Build();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken ct)
    {
        traces?.ForceFlush();
        metrics?.ForceFlush();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        traces?.Dispose();
        metrics?.Dispose();
    }
}
