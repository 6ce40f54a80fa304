using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
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

    [Theory]
    [InlineData(5, false)]
    [InlineData(100, true)]
    public async Task Holds_a_rebuilds_breath_only_where_a_view_is_fed_and_not_left_to_a_rebuild_itself(long catchUpEvents, bool holds)
    {
        await using var service = Service.On(database, o => (o.CatchUpEvents, o.RebuildLag) = (catchUpEvents, TimeSpan.FromMilliseconds(1)));
        var heads = service.Get<ProjectionHeads>();
        await heads.RegisterAsync(TestContext.Current.CancellationToken);
        await heads.ClaimAsync(Guid.CreateVersion7(), TestContext.Current.CancellationToken);
        var throttle = new RebuildThrottle(service.DataSource, service.Get<ProjectionOptions>(), TimeProvider.System);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var passing = throttle.PassAsync(patience.Token);
        if (holds)
            await Should.ThrowAsync<OperationCanceledException>(passing);
        else
            await passing;
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
