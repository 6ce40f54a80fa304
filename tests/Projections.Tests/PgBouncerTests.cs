using Events.Fixtures;
using Events.Platform.Postgres;
using Events.Projections.Rebuild;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;

namespace Events.Projections.Tests;

/// <summary>Through Debian's PgBouncer in transaction mode: nothing may be kept in a session.</summary>
public sealed class PgBouncerTests(PostgresServer server)
{
    [Fact]
    public async Task Feeding_rebuilding_and_verifying_work_through_a_transaction_pooler()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await server.CreateDatabaseAsync(Service.Migrations);
        await using var pooler = await PgBouncerServer.StartAsync(database);
        await using var pooled = PostgresDataSources.Create(pooler.Options, logging: null);
        await using var service = await Service.On(database, more: services => services.AddSingleton(pooled)).StartAsync();
        var operations = service.Get<ProjectionOperations>();

        var history = new History(seed: 31);
        var last = 0L;
        for (var write = 0; write < 80; write++)
        {
            var (tenant, stream, events) = history.Next();
            last = await service.AppendAsync(tenant, stream, events);
        }

        await service.ReachAsync(last, [.. operations.Names]);
        foreach (var name in operations.Names)
        {
            var build = (await operations.RebuildAsync(name, "test", ct)).ShouldNotBeNull();
            build.State.ShouldBe(BuildStates.Switched);
            build.RowsDifferent.ShouldBe(0, $"{name}: {build.Differences}");
        }

        foreach (var found in await operations.VerifyAsync(operations.Names, ct))
            found.Incomplete.ShouldBeEmpty();
    }
}
