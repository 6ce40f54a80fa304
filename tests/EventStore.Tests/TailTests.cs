using Events.EventStore.Tailing;
using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class TailTests(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task A_subscriber_gets_what_was_and_what_comes_in_order()
    {
        await using var following = await Store.On(Database).FollowingAsync();
        for (var i = 0; i < 5; i++)
            await AppendAsync(i);

        var seen = new List<long>();
        await foreach (var page in following.Tail.SubscribeAsync(2, Stop))
        {
            seen.AddRange(page.Events.Select(e => e.Position));
            page.Position.ShouldBeLessThanOrEqualTo(page.HighWater);
            if (seen.Count == 3)
                await AppendAsync(5);
            if (seen.Count >= 4)
                break;
        }

        seen.ShouldBe([3, 4, 5, 6]);
    }

    [Fact]
    public async Task An_append_of_another_process_wakes_by_NOTIFY_alone()
    {
        await using var following = await Store.On(Database, options => options.TailPolling = TimeSpan.FromMinutes(1)).FollowingAsync();
        await UntilAsync(async () => await ScalarAsync<long>("select count(*) from pg_stat_activity where query like '%listen events_appended%' and state = 'idle' and datname = current_database()") > 0);
        await using var other = await Store.On(Database).FollowingAsync();
        var reading = TakeAsync(following, 0, 3);
        for (var i = 0; i < 3; i++)
            await other.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i));

        // Well before polling would find them.
        (await reading.WaitAsync(TimeSpan.FromSeconds(30), Stop)).Select(e => e.Position).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Polling_finds_what_no_wake_up_told()
    {
        await using var following = await Store.On(Database, options => options.TailPolling = TimeSpan.FromMilliseconds(10)).FollowingAsync();
        var stream = Guid.CreateVersion7();
        await ExecuteAsync($"insert into mt_streams (id, version) values ('{stream}', 1); insert into mt_events (seq_id, id, stream_id, version, data, type) values (nextval('mt_events_sequence'), gen_random_uuid(), '{stream}', 1, '{{}}', 'foreign')");
        (await TakeAsync(following, 0, 1)).Single().StreamId.ShouldBe(stream);
    }

    [Fact]
    public async Task A_subscriber_that_stands_still_slows_nobody_and_misses_nothing()
    {
        await using var following = await Store.On(Database, options => (options.TailEvents, options.PageEvents) = (20, 7)).FollowingAsync();
        await using var slow = following.Tail.SubscribeAsync(0, Stop).GetAsyncEnumerator(Stop);
        await AppendAsync(0);
        (await slow.MoveNextAsync()).ShouldBeTrue();
        var taken = slow.Current.Events.Select(e => e.Position).ToList();

        for (var i = 1; i < 100; i++)
            await AppendAsync(i);
        (await TakeAsync(following, 0, 100)).Count.ShouldBe(100);

        while (taken.Count < 100)
        {
            (await slow.MoveNextAsync()).ShouldBeTrue();
            slow.Current.Events.Count.ShouldBeLessThanOrEqualTo(7);
            taken.AddRange(slow.Current.Events.Select(e => e.Position));
        }

        taken.ShouldBe(Enumerable.Range(1, 100).Select(i => (long)i));
    }

    [Fact]
    public async Task The_high_water_mark_is_kept_for_every_process_and_never_goes_back()
    {
        await AppendAsync(1);
        await AppendAsync(2);
        await using (var following = await Store.On(Database).FollowingAsync())
            await TakeAsync(following, 0, 2);

        (await ScalarAsync<long>("select last_seq_id from mt_event_progression where name = 'HighWaterMark'")).ShouldBe(2);
        var mark = new HighWaterMark(Database.DataSource, TimeProvider.System);
        await mark.WriteAsync(1, now: true, Stop);
        (await mark.ReadAsync(Stop)).ShouldBe(2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_buffer_gives_what_a_list_would_give_or_says_that_it_cannot(int seed)
    {
        var random = new Random(seed);
        var buffer = new EventBuffer(mostEvents: 30, mostBytes: 2_000);
        var all = new List<RecordedEvent>();
        var position = 5L;
        buffer.TryTake(0, 10, out _).ShouldBeFalse();
        buffer.Start(position);
        for (var step = 0; step < 500; step++)
        {
            var changed = buffer.Changed;
            var next = Enumerable.Range(0, random.Next(4)).Select(_ => Recorded(position += 1 + random.Next(2), random.Next(200))).ToList();
            position += random.Next(2);
            all.AddRange(next);
            buffer.Advance(next, position);
            changed.IsCompleted.ShouldBeTrue();

            var after = Math.Max(5, position - random.Next(60));
            var limit = 1 + random.Next(20);
            if (!buffer.TryTake(after, limit, out var page))
                continue;
            var expected = all.Where(e => e.Position > after).Take(limit).ToList();
            page.Events.ShouldBe(expected);
            page.Position.ShouldBe(expected.Count == limit ? expected[^1].Position : position);
            page.HighWater.ShouldBe(position);
        }

        buffer.TryTake(position, 1, out var last).ShouldBeTrue();
        last!.Events.ShouldBeEmpty();
    }

    private static RecordedEvent Recorded(long position, int bytes) =>
        new(position, Guid.Empty, new("t"), Guid.Empty, 1, "x", new byte[bytes], DateTimeOffset.UnixEpoch, EventMetadata.None, false, null);

    private Task<AppendOutcome> AppendAsync(int i) => Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i));
}
