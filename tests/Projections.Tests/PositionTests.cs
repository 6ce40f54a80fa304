using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskList;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class PositionTests(PostgresServer server) : IAsyncLifetime
{
    private readonly TenantId tenant = new(Guid.CreateVersion7());
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync(Service.Migrations);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public void News_never_takes_a_position_back()
    {
        var signal = new PositionSignal(10);
        signal.Advance(7);
        signal.Advance(5);
        signal.Position.ShouldBe(7);
    }

    [Fact]
    public void A_lower_answer_of_the_database_stands_unless_something_newer_was_heard_meanwhile()
    {
        var signal = new PositionSignal(10);
        signal.Advance(7);
        signal.Correct(heard: 7, found: 5);
        signal.Position.ShouldBe(5);

        signal.Advance(9);
        signal.Correct(heard: 5, found: 4);
        signal.Position.ShouldBe(9);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_what_the_database_says()
    {
        var signal = new PositionSignal(10);
        var reached = signal.Reach(3);
        signal.Correct(heard: 0, found: 3);
        (await reached).ShouldBeTrue();
    }

    [Fact]
    public async Task A_position_that_a_crash_of_the_server_took_back_is_not_said_to_be_reached()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var reading = await Service.On(database).StartAsync(feeding: false);
        long position;
        await using (var feeding = await Service.On(database).StartAsync())
        {
            position = await feeding.AppendAsync(tenant, Guid.CreateVersion7(), Samples.Created(Guid.CreateVersion7(), 1));
            await reading.ReachAsync(position, TaskListQuery.Projection);
        }

        // What an immediate stop leaves of a page that was not flushed, and what it does to sessions.
        await ExecuteAsync($"update mt_event_progression set last_seq_id = {position - 1} where name like 'TaskList:%'");
        await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query = 'listen events_projected'");
        var positions = reading.Get<ProjectionPositions>();
        while (positions.IsListening)
            await Task.Yield();

        var wait = await positions.WaitAsync(TaskListQuery.Projection, position, TimeSpan.FromMilliseconds(1), ct);
        wait.Reached.ShouldBeFalse();
        wait.Position.ShouldBe(position - 1);

        await using var again = await Service.On(database).StartAsync();
        await reading.ReachAsync(position, TaskListQuery.Projection);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
