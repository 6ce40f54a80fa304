using Events.Fixtures;
using Events.Platform.Tenancy;
using Shouldly;

namespace Events.EventStore.Tests;

/// <summary>The oldest supported server does all that the others do.</summary>
public sealed class PostgreSql15Tests
{
    [Fact]
    public async Task Appending_following_refusing_repeating_and_the_ledger_work_on_PostgreSQL_15()
    {
        var stop = TestContext.Current.CancellationToken;
        var tenant = new TenantId("fifteen");
        await using var server = await PostgresServer.StartDebian15Async();
        await using var database = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        await using var store = await Store.On(database, options => options.LedgerPause = TimeSpan.FromMilliseconds(10)).FollowingAsync();
        await using (var outbox = database.DataSource.CreateCommand(FakeOutbox.Sql))
            await outbox.ExecuteNonQueryAsync(stop);

        await Scenario.RunAsync(store, tenant, stop);

        var ledger = store.Get<EventLedger>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (await ledger.ProgressAsync(stop) < store.Tail.HighWater)
            await pace.WaitForNextTickAsync(stop);
        (await ledger.VerifyAsync(tenant, stop)).ShouldBeNull();
    }
}
