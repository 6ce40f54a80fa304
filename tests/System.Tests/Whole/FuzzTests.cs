using Events.Fixtures;
using Events.Fuzz;
using Events.Platform.Postgres;
using Shouldly;

namespace Events.System.Tests.Whole;

public sealed class FuzzTests
{
    [Fact]
    public async Task Generated_requests_meet_no_5xx_no_hang_and_no_refusal_that_changes_something()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var directory = new ServiceDirectory();
        await using var events = await EventsProcess.StartAsync(directory.Path, ["--demo"], new Dictionary<string, string?>(StringComparer.Ordinal), ct);
        var running = events.Running;

        var report = await FuzzRun.RunAsync(
            running.Url, running.Token!, ConnectionUri.Parse(running.Postgres).ConnectionString, seed: 1, TimeSpan.FromSeconds(10), ct);

        report.Findings.ShouldBeEmpty();
        report.Succeeded.ShouldBeGreaterThan(0);
        report.Refused.ShouldBeGreaterThan(0);
    }
}
