using Events.Fixtures;
using Events.Platform.Tenancy;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class AppendTests(PostgresServer server) : IAsyncLifetime
{
    private readonly TenantId tenant = new(Guid.CreateVersion7());
    private TestDatabase database = null!;
    private Store store = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        store = Store.On(database);
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_new_stream_starts_at_version_1_and_is_read_back_whole()
    {
        var stream = Guid.CreateVersion7();
        var unit = Store.Unit(tenant, stream, ExpectedVersion.NoStream, new NoteWritten("a \"quoted\" ünïcödé 🎉", 1), new NoteRevised("b"));
        unit = unit with { Metadata = new EventMetadata("ann", "corr", "cause", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", new Dictionary<string, string> { ["source"] = "import" }) };

        var appended = (await store.Appender.AppendAsync(unit, CancellationToken.None)).ShouldBeOfType<AppendOutcome.Appended>();

        appended.Versions.ShouldBe([2]);
        var events = await store.Reader.ReadStreamAsync(tenant, stream, 1, CancellationToken.None).ToListAsync();
        events.Select(e => e.Version).ShouldBe([1, 2]);
        events[1].Position.ShouldBe(appended.Position);
        events[0].Body.ShouldBe(new NoteWritten("a \"quoted\" ünïcödé 🎉", 1));
        events[0].Type.ShouldBe("note_written");
        events[0].Timestamp.ShouldBe(appended.Timestamp);
        events[0].Metadata.Actor.ShouldBe("ann");
        events[0].Metadata.CorrelationId.ShouldBe("corr");
        events[0].Metadata.CausationId.ShouldBe("cause");
        events[0].Metadata.TraceParent.ShouldBe("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        events[0].Metadata.Headers!["source"].ShouldBe("import");
    }

    [Fact]
    public async Task A_stream_that_starts_otherwise_is_not_there_for_an_aggregate()
    {
        var stream = Guid.CreateVersion7();
        await store.AppendAsync(tenant, stream, ExpectedVersion.NoStream, new NoteRevised("another's"));
        var definition = new AggregateDefinition<int>("note", 0, (count, _) => count + 1);
        var (own, others) = (Loader(typeof(NoteRevised)), Loader(typeof(NoteWritten)));

        (await own.LoadAsync(tenant, stream, CancellationToken.None)).ShouldBe((1, 1L));
        (await others.LoadAsync(tenant, stream, CancellationToken.None)).ShouldBe((0, 0L));

        AggregateLoader<int> Loader(Type first) => new(definition with { StartsWith = first }, store.Reader, new EventStoreOptions());
    }

    [Fact]
    public async Task Units_on_one_stream_in_one_batch_follow_each_other()
    {
        var stream = Guid.CreateVersion7();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => store.AppendAsync(tenant, stream, ExpectedVersion.Any, new NoteWritten("n", i))));

        outcomes.Cast<AppendOutcome.Appended>().Select(o => o.Versions[0]).Order().ShouldBe(Enumerable.Range(1, 200).Select(i => (long)i));
        outcomes.Cast<AppendOutcome.Appended>().OrderBy(o => o.Position).Select(o => o.Versions[0]).ShouldBeInOrder();
    }

    [Fact]
    public async Task A_tail_delivers_what_was_and_what_comes_in_order()
    {
        await using var following = await Store.On(database).FollowingAsync();
        for (var i = 0; i < 5; i++)
            await store.AppendAsync(tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i));

        var seen = new List<long>();
        await foreach (var page in following.Tail.SubscribeAsync(0, TestContext.Current.CancellationToken))
        {
            seen.AddRange(page.Events.Select(e => e.Position));
            if (seen.Count == 5)
                await store.AppendAsync(tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", 5));
            if (seen.Count >= 6)
                break;
        }

        seen.ShouldBe([1, 2, 3, 4, 5, 6]);
    }
}
