using Events.Chaos.Store;
using Shouldly;

namespace Events.EventStore.Tests;

/// <summary>The bounded form of <c>just chaos store</c>.</summary>
public sealed class ChaosTests
{
    [Fact]
    public async Task Nothing_is_lost_doubled_or_reordered_while_processes_backends_and_the_server_die()
    {
        var report = await StoreScenario.RunAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        report.IsClean.ShouldBeTrue(report.ToString());
        report.Acknowledged.ShouldBeGreaterThan(0);
        report.Faults.ShouldBeGreaterThan(0);
    }
}
