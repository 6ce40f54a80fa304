using Events.EventStore;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskList;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class LeaseTests(PostgresServer server) : IAsyncLifetime
{
    private readonly TenantId tenant = new(Guid.CreateVersion7());
    private readonly Guid project = Guid.CreateVersion7();
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync(Service.Migrations);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task A_process_that_only_reads_hears_of_what_another_projects()
    {
        await using var reading = await Service.On(database).StartAsync(feeding: false);
        await using var feeding = await Service.On(database).StartAsync();
        for (var i = 1; i <= 20; i++)
            await reading.ReachAsync(await feeding.AppendAsync(tenant, Guid.CreateVersion7(), Samples.Created(project, i)), TaskListQuery.Projection);
    }

    [Fact]
    public async Task Another_process_takes_over_within_seconds_when_the_owner_dies()
    {
        // An owner that took the leases and was never heard of again.
        await using var service = Service.On(database, o => (o.Lease, o.Heartbeat) = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100)));
        await service.Get<ProjectionHeads>().RegisterAsync(TestContext.Current.CancellationToken);
        (await service.Get<ProjectionHeads>().ClaimAsync(Guid.CreateVersion7(), TestContext.Current.CancellationToken)).ShouldNotBeEmpty();

        await service.StartAsync();
        var position = await service.AppendAsync(tenant, Guid.CreateVersion7(), Samples.Created(project, 1));
        await service.ReachAsync(position, TaskListQuery.Projection);
    }

    [Fact]
    public async Task A_former_owner_cannot_write()
    {
        await using var service = Service.On(database, o => (o.Lease, o.Heartbeat) = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100)));
        var heads = service.Get<ProjectionHeads>();
        await heads.RegisterAsync(TestContext.Current.CancellationToken);
        var former = Guid.CreateVersion7();
        var owned = await heads.ClaimAsync(former, TestContext.Current.CancellationToken);
        await ExecuteAsync("update projection_heads set lease_until = now() - interval '1 second'");
        await heads.ClaimAsync(Guid.CreateVersion7(), TestContext.Current.CancellationToken);

        var targets = owned.Select(h => new PageTarget(service.Get<IEnumerable<Projection>>().Single(p => p.Name == h.Name), h, new Exclusions())).ToList();
        var refused = await Should.ThrowAsync<PostgresException>(() => service.Get<PageWriter>().WriteAsync(targets, [], new LiveCommit(owned, 0, 5, former), TestContext.Current.CancellationToken));

        refused.SqlState.ShouldBe(PageWriter.LeaseGone);
        (await heads.PositionsAsync(TestContext.Current.CancellationToken)).Values.ShouldAllBe(p => p == 0);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
