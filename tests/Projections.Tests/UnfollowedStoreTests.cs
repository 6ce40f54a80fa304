using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Rebuild;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

/// <summary>A store that was restored or written by another program, before any process has followed it.</summary>
public sealed class UnfollowedStoreTests(PostgresServer server) : IAsyncLifetime
{
    private readonly TenantId tenant = new(Guid.CreateVersion7());
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync(Service.Migrations);
        await using var writing = await Service.On(database).StartAsync(feeding: false);
        for (var i = 1; i <= 12; i++)
            await writing.AppendAsync(tenant, Guid.CreateVersion7(), Samples.Created(Guid.CreateVersion7(), i));
        await writing.StopAsync();
        await ExecuteAsync("delete from mt_event_progression");
        await ExecuteAsync("delete from projection_heads");
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Is_rebuilt_whole_by_a_command_alone()
    {
        (await RebuildAsync()).ShouldBe((12L, 12L));
    }

    [Fact]
    public async Task Is_rebuilt_up_to_a_hole_that_may_still_be_filled()
    {
        await MakeHoleAsync();
        (await RebuildAsync()).ShouldBe((7L, 7L));
    }

    [Fact]
    public async Task Is_rebuilt_over_a_hole_that_is_known_to_be_dead()
    {
        await MakeHoleAsync();
        await ExecuteAsync("insert into mt_high_water_skips (starting_sequence, ending_sequence) values (8, 10)");
        (await RebuildAsync()).ShouldBe((12L, 15L));
    }

    [Fact]
    public async Task Is_folded_in_bulk_by_a_service_and_no_view_waits_for_one_that_a_rebuild_brings_up()
    {
        await using var service = Service.On(database, o => (o.CatchUpEvents, o.RebuildLag) = (5, TimeSpan.FromMilliseconds(1)));
        await service.StartAsync();
        var operations = service.Get<ProjectionOperations>();
        await service.ReachAsync(12, [.. operations.Names]);
        foreach (var status in await operations.StatusAsync(TestContext.Current.CancellationToken))
        {
            var build = status.Build.ShouldNotBeNull(status.Projection);
            build.State.ShouldBe(BuildStates.Switched);
            build.Throttled.ShouldBeLessThan(TimeSpan.FromSeconds(5), status.Projection);
        }
    }

    // Another writer drew 8 to 10 and did not come back.
    private async Task MakeHoleAsync()
    {
        await ExecuteAsync("update mt_events set seq_id = seq_id + 100 where seq_id > 7");
        await ExecuteAsync("update mt_events set seq_id = seq_id - 97 where seq_id > 100");
    }

    private async Task<(long Rows, long Position)> RebuildAsync()
    {
        await using var service = Service.On(database);
        var operations = service.Get<ProjectionOperations>();
        var build = (await operations.RebuildAsync("TaskList", "test", TestContext.Current.CancellationToken)).ShouldNotBeNull();
        build.State.ShouldBe(BuildStates.Switched);
        foreach (var found in await operations.VerifyAsync(["TaskList"], TestContext.Current.CancellationToken))
            found.Incomplete.ShouldBeEmpty();
        await using var count = database.DataSource.CreateCommand("select count(*) from task_list");
        return ((long)(await count.ExecuteScalarAsync(TestContext.Current.CancellationToken))!, build.Position);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
