using Events.EventStore.Ledger;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class LedgerTests(PostgresServer server) : StoreTests(server)
{
    private readonly TenantId other = new(Guid.CreateVersion7());

    [Fact]
    public async Task What_is_recorded_agrees_with_the_events_and_with_a_reader_that_adds_in_any_order()
    {
        await using var following = await RecordedAsync(1_200);
        var ledger = following.Get<EventLedger>();

        (await ledger.TenantsAsync(Stop)).ShouldBe([Tenant, other], ignoreOrder: true);
        (await ledger.VerifyAsync(Tenant, Stop)).ShouldBeNull();
        (await ledger.VerifyAsync(other, Stop)).ShouldBeNull();

        var mine = await Store.Reader.ReadAllAsync(0, new EventFilter { Tenant = Tenant }, Stop).ToListAsync(Stop);
        var entry = await ledger.AtAsync(Tenant, mine[^1].Position, Stop);
        entry.Events.ShouldBe(mine.Count);
        mine.AsEnumerable().Reverse().Aggregate(UInt128.Zero, (sum, e) => unchecked(sum + LedgerEntry.Empty.With(e).Sum)).ShouldBe(entry.Sum);
        var half = await ledger.AtAsync(Tenant, mine[mine.Count / 2].Position, Stop);
        half.Agrees(mine.Take(mine.Count / 2 + 1).Aggregate(LedgerEntry.Empty, (e, next) => e.With(next))).ShouldBeTrue();
    }

    [Theory]
    [InlineData("update mt_events set data = jsonb_set(data, '{number}', '77') where seq_id = 701")]
    [InlineData("update mt_events set timestamp = timestamp + interval '1 microsecond' where seq_id = 701")]
    [InlineData("update mt_events set headers = '{\"actor\": \"somebody else\"}' where seq_id = 701")]
    [InlineData("delete from mt_events where seq_id = 701")]
    [InlineData("update mt_events set tenant_id = '*DEFAULT*' where seq_id = 701", "insert into mt_streams (id) select stream_id from mt_events where seq_id = 701")]
    public async Task A_change_of_history_is_found_where_it_was_made(string tampering, string? before = null)
    {
        await using var following = await RecordedAsync(1_200);
        if (before is not null)
            await ExecuteAsync(before);
        await ExecuteAsync(tampering);

        var difference = (await following.Get<EventLedger>().VerifyAsync(Tenant, Stop)).ShouldNotBeNull();

        difference.After.ShouldBeLessThan(701);
        difference.UpTo.ShouldBeGreaterThanOrEqualTo(701);
        (await following.Get<EventLedger>().VerifyAsync(other, Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task Archiving_changes_nothing_of_what_happened()
    {
        await using var following = await RecordedAsync(10);
        var stream = await ScalarAsync<Guid>($"select stream_id from mt_events where tenant_id = '{Tenant}' limit 1");
        await Store.Appender.ArchiveAsync(Tenant, stream, Stop);
        (await following.Get<EventLedger>().VerifyAsync(Tenant, Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task Two_processes_record_as_one()
    {
        await using var one = await RecordedAsync(100);
        await using var two = await Store.On(Database, options => options.LedgerPause = TimeSpan.FromMilliseconds(10)).FollowingAsync();
        await AppendAsync(500);
        var ledger = two.Get<EventLedger>();
        await UntilAsync(async () => await ledger.ProgressAsync(Stop) >= 600);

        (await ledger.VerifyAsync(Tenant, Stop)).ShouldBeNull();
        (await ScalarAsync<long>("select sum(events)::bigint from (select max(events) as events from event_ledger group by tenant_id) l")).ShouldBe(600);
    }

    [Fact]
    public void The_digest_tells_every_part_of_an_event_apart()
    {
        var e = new RecordedEvent(1, Guid.NewGuid(), Tenant, Guid.NewGuid(), 1, "ab", "c"u8.ToArray(), DateTimeOffset.UnixEpoch, EventMetadata.None, false, null);
        RecordedEvent[] others =
        [
            e with { Position = 2 }, e with { Id = Guid.NewGuid() }, e with { Tenant = other }, e with { StreamId = Guid.NewGuid() }, e with { Version = 2 },
            e with { Type = "a", Data = "bc"u8.ToArray() }, e with { Timestamp = e.Timestamp.AddMicroseconds(1) },
            e with { Metadata = new EventMetadata("x", null, null, null) }, e with { Metadata = new EventMetadata(null, "x", null, null) },
            e with { Metadata = new EventMetadata(null, null, null, null, new Dictionary<string, string> { ["x"] = "y" }) },
        ];

        others.Append(e).Select(LedgerEntry.Empty.With).Select(entry => entry.Sum).Distinct().Count().ShouldBe(others.Length + 1);
        LedgerEntry.Empty.With(e with { IsArchived = true }).Agrees(LedgerEntry.Empty.With(e)).ShouldBeTrue();
    }

    private async Task<Store> RecordedAsync(int events)
    {
        var following = await Store.On(Database, options => options.LedgerPause = TimeSpan.FromMilliseconds(10)).FollowingAsync();
        await AppendAsync(events);
        await UntilAsync(async () => await following.Get<EventLedger>().ProgressAsync(Stop) >= events);
        return following;
    }

    private Task<AppendOutcome[]> AppendAsync(int events) => Task.WhenAll(Enumerable.Range(0, events).Select(i =>
        Store.AppendAsync(i % 3 == 0 ? other : Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i))));
}
