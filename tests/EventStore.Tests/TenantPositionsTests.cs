using Events.EventStore.Tailing;
using Events.Platform.Tenancy;
using Shouldly;
using Xunit;

namespace Events.EventStore.Tests;

public sealed class TenantPositionsTests
{
    private readonly TenantPositions positions = new(most: 2);

    [Fact]
    public void Before_the_tail_has_begun_nothing_reflects_anybody() => positions.Of(Tenant(1)).ShouldBe(long.MaxValue);

    [Fact]
    public void A_tenants_latest_event_counts_and_nobody_elses()
    {
        positions.Start(10);
        positions.Pass([Event(11, 1), Event(12, 2), Event(13, 1)]);
        positions.Of(Tenant(1)).ShouldBe(13);
        positions.Of(Tenant(2)).ShouldBe(12);
        positions.Of(Tenant(3)).ShouldBe(10);
    }

    [Fact]
    public void What_is_forgotten_seems_newer_never_older()
    {
        positions.Start(10);
        positions.Pass([Event(11, 1), Event(12, 2)]);
        positions.Pass([Event(13, 3)]);
        positions.Of(Tenant(1)).ShouldBe(13);
        positions.Of(Tenant(2)).ShouldBe(13);
        positions.Of(Tenant(3)).ShouldBe(13);
    }

    private static TenantId Tenant(int n) => new(new Guid(n, 0, 0, new byte[8]));

    private static RecordedEvent Event(long position, int tenant) =>
        new(position, Guid.CreateVersion7(), Tenant(tenant), Guid.CreateVersion7(), 1, "ab", default, DateTimeOffset.UnixEpoch, EventMetadata.None, false, null);
}
