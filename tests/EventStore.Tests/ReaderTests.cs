using Events.Fixtures;
using Events.Platform.Tenancy;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class ReaderTests(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task All_events_are_filtered_by_tenant_type_stream_position_and_moment()
    {
        await using var pages = Store.On(Database, options => options.PageEvents = 3);
        var other = new TenantId(Guid.CreateVersion7());
        var stream = Guid.CreateVersion7();
        for (var i = 1; i <= 10; i++)
            await Store.AppendAsync(i % 2 == 0 ? other : Tenant, i is 3 or 7 ? stream : Guid.CreateVersion7(), ExpectedVersion.Any, i % 5 == 0 ? new NoteRevised("r") : new NoteWritten("n", i));
        async Task<List<long>> Positions(EventFilter filter, long after = 0) =>
            await pages.Reader.ReadAllAsync(after, filter, Stop).Select(e => e.Position).ToListAsync(Stop);

        (await Positions(EventFilter.All)).ShouldBe([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        (await Positions(EventFilter.All, after: 8)).ShouldBe([9, 10]);
        (await Positions(new EventFilter { Tenant = other })).ShouldBe([2, 4, 6, 8, 10]);
        (await Positions(new EventFilter { Types = ["note_revised"] })).ShouldBe([5, 10]);
        (await Positions(new EventFilter { Types = ["note_revised"], Tenant = Tenant })).ShouldBe([5]);
        (await Positions(new EventFilter { Tenant = Tenant, StreamId = stream })).ShouldBe([3, 7]);
        (await Positions(new EventFilter { Tenant = other, StreamId = stream })).ShouldBeEmpty();
        (await Positions(new EventFilter { UpTo = 4 })).ShouldBe([1, 2, 3, 4]);
        var fourth = await pages.Reader.ReadAllAsync(3, EventFilter.All, Stop).FirstAsync(Stop);
        (await Positions(new EventFilter { At = fourth.Timestamp })).ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public async Task A_stream_is_read_from_a_version_in_pages()
    {
        await using var pages = Store.On(Database, options => options.PageEvents = 2);
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, [.. Enumerable.Range(1, 7).Select(i => new NoteWritten("n", i))]);

        (await pages.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).CountAsync(Stop)).ShouldBe(7);
        (await pages.Reader.ReadStreamAsync(Tenant, stream, 4, Stop).Select(e => e.Version).ToListAsync(Stop)).ShouldBe([4, 5, 6, 7]);
        (await pages.Reader.ReadStreamAsync(new(Guid.CreateVersion7()), stream, 1, Stop).CountAsync(Stop)).ShouldBe(0);
    }
}
