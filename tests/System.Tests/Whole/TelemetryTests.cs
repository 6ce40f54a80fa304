using System.Collections.Concurrent;
using System.Diagnostics;
using Events.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Events.System.Tests.Whole;

public sealed class TelemetryTests : IAsyncDisposable
{
    private readonly ServiceDirectory home = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => home.DisposeAsync();

    [Fact]
    public async Task Traces_metrics_and_logs_leave_by_OTLP_when_an_endpoint_is_set()
    {
        var received = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, Ct);
            received.AddOrUpdate(signal, body.Length, (_, before) => before + body.Length);
        });
        await collector.StartAsync(Ct);

        var variables = new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.Single(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        };
        await using (var events = await EventsProcess.StartAsync(home.Path, ["serve", "--demo"], variables, Ct))
        {
            using var client = new TaskClient(events.Running);
            await client.ListAsync("limit=1", Ct);
            // What has not been sent yet is sent when it stops.
            using var kill = Process.Start("kill", ["-TERM", events.Id.ToString()]);
            using var service = Process.GetProcessById(events.Id);
            await service.WaitForExitAsync(Ct);
        }

        received.Keys.Order(StringComparer.Ordinal).ShouldBe(["logs", "metrics", "traces"]);
        received.Values.ShouldAllBe(bytes => bytes > 0);
    }
}
