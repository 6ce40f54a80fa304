using Events.EventStore.Tailing;
using Events.Fixtures;
using Npgsql;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class P4_Positions_follow_commit_order(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task A_reader_misses_nothing_while_several_processes_append()
    {
        await using var other = Store.On(Database);
        await using var following = await Store.On(Database).FollowingAsync();
        var reading = TakeAsync(following, 0, 1_000);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async writer =>
        {
            for (var i = 0; i < 50; i++)
                await (writer % 2 == 0 ? Store : other).AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i));
        }));

        (await reading).Select(e => e.Position).ShouldBe(Enumerable.Range(1, 1_000).Select(i => (long)i));
    }

    [Fact]
    public async Task A_reader_waits_below_a_gap_until_a_foreign_writer_fills_it()
    {
        await using var following = await Store.On(Database, options => options.GapGrace = TimeSpan.Zero).FollowingAsync();
        await using var foreign = await Database.DataSource.OpenConnectionAsync(Stop);
        await using var open = await foreign.BeginTransactionAsync(Stop);
        var drawn = await DrawAsync(foreign);
        await Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("after the gap", 1));

        var gaps = following.Get<GapWatch>();
        (await gaps.IsDeadAsync(drawn, drawn, Stop)).ShouldBeFalse();
        (await gaps.IsDeadAsync(drawn, drawn, Stop)).ShouldBeFalse();
        following.Tail.HighWater.ShouldBe(drawn - 1);
        await InsertAsync(foreign, drawn);
        await open.CommitAsync(Stop);

        var events = await TakeAsync(following, 0, 2);
        events.Select(e => e.Position).ShouldBe([drawn, drawn + 1]);
        events[0].Body.ShouldBeNull();
        events[0].Tenant.Value.ShouldBe("*DEFAULT*");
        events[0].Metadata.ShouldBe(EventMetadata.None);
        (await ScalarAsync<long>("select count(*) from mt_high_water_skips")).ShouldBe(0);
    }

    [Fact]
    public async Task A_gap_that_nobody_can_fill_any_more_is_recorded_and_passed()
    {
        await using var following = await Store.On(Database, options => options.GapGrace = TimeSpan.Zero).FollowingAsync();
        await using (var foreign = await Database.DataSource.OpenConnectionAsync(Stop))
        {
            await using var rolledBack = await foreign.BeginTransactionAsync(Stop);
            await DrawAsync(foreign);
            await DrawAsync(foreign);
        }

        await Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", 1));
        (await TakeAsync(following, 0, 1)).Single().Position.ShouldBe(3);
        (await ScalarAsync<long>("select starting_sequence from mt_high_water_skips where ending_sequence = 2")).ShouldBe(1);
    }

    [Fact]
    public async Task A_number_drawn_outside_of_a_transaction_has_a_grace_time()
    {
        var time = new ManualTime();
        var gaps = new GapWatch(Database.DataSource, new EventStoreOptions(), time);
        await using var foreign = await Database.DataSource.OpenConnectionAsync(Stop);
        var drawn = await DrawAsync(foreign);
        await AppendAboveAsync();

        (await gaps.IsDeadAsync(drawn, drawn, Stop)).ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(2.9));
        (await gaps.IsDeadAsync(drawn, drawn, Stop)).ShouldBeFalse();
        await InsertAsync(foreign, drawn);
        time.Advance(TimeSpan.FromSeconds(1));
        (await gaps.IsDeadAsync(drawn, drawn, Stop)).ShouldBeFalse();
    }

    [Fact]
    public async Task Gaps_that_come_up_while_one_is_waited_for_cost_no_grace_time_each()
    {
        var time = new ManualTime();
        var gaps = new GapWatch(Database.DataSource, new EventStoreOptions(), time);
        await using var foreign = await Database.DataSource.OpenConnectionAsync(Stop);
        var first = await DrawAsync(foreign);
        await AppendAboveAsync();
        (await gaps.IsDeadAsync(first, first, Stop)).ShouldBeFalse();

        time.Advance(TimeSpan.FromSeconds(1));
        var second = await DrawAsync(foreign);
        await AppendAboveAsync();
        (await gaps.IsDeadAsync(first, first, Stop)).ShouldBeFalse();

        time.Advance(TimeSpan.FromSeconds(2));
        (await gaps.IsDeadAsync(first, first, Stop)).ShouldBeTrue();
        (await gaps.IsDeadAsync(second, second, Stop)).ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(1));
        (await gaps.IsDeadAsync(second, second, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task What_another_process_has_decided_about_a_gap_holds()
    {
        var gaps = new GapWatch(Database.DataSource, new EventStoreOptions(), new ManualTime());
        await ExecuteAsync("insert into mt_high_water_skips (ending_sequence, starting_sequence) values (7, 5)");
        (await gaps.IsDeadAsync(5, 7, Stop)).ShouldBeTrue();
        (await gaps.IsDeadAsync(5, 8, Stop)).ShouldBeFalse();
        await ExecuteAsync("insert into mt_event_progression (name, last_seq_id) values ('HighWaterMark', 8)");
        (await gaps.IsDeadAsync(5, 8, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_unit_that_loses_a_race_with_a_foreign_writer_is_decided_anew_and_alone()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("n", 1));
        await using var foreign = await Database.DataSource.OpenConnectionAsync(Stop);
        await using var open = await foreign.BeginTransactionAsync(Stop);
        await ExecuteAsync(foreign, $"insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id) values (nextval('mt_events_sequence'), gen_random_uuid(), '{stream}', 2, '{{}}', 'foreign', now(), '{Tenant}')");
        await ExecuteAsync(foreign, $"update mt_streams set version = 2 where id = '{stream}'");

        var exact = Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(1), new NoteRevised("late"));
        var any = Store.AppendAsync(Tenant, stream, ExpectedVersion.Any, new NoteRevised("any"));
        var neighbour = Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteRevised("neighbour"));
        await UntilAsync(async () => await ScalarAsync<long>("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'select append%' and datname = current_database()") > 0);
        await open.CommitAsync(Stop);

        (await exact).ShouldBe(new AppendOutcome.VersionConflict(stream, 1, 2));
        (await any).ShouldBeOfType<AppendOutcome.Appended>().Versions.ShouldBe([3]);
        (await neighbour).ShouldBeOfType<AppendOutcome.Appended>();
    }

    private async Task AppendAboveAsync() => await Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("above", 1));

    private static async Task<long> DrawAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select nextval('mt_events_sequence')", connection);
        return (long)(await command.ExecuteScalarAsync(Stop))!;
    }

    /// <summary>As Marten does for a store without tenants, metadata or our headers.</summary>
    private static async Task InsertAsync(NpgsqlConnection connection, long position)
    {
        var stream = Guid.CreateVersion7();
        await ExecuteAsync(connection, $"insert into mt_streams (id, version) values ('{stream}', 1)");
        await ExecuteAsync(connection, $"insert into mt_events (seq_id, id, stream_id, version, data, type) values ({position}, gen_random_uuid(), '{stream}', 1, '{{\"from\": \"elsewhere\"}}', 'foreign_event')");
    }
}

/// <summary>A clock that the test moves.</summary>
internal sealed class ManualTime : TimeProvider
{
    private TimeSpan passed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => passed.Ticks;

    public void Advance(TimeSpan by) => passed += by;
}
