using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class AppendTests(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task A_new_stream_starts_at_version_1_and_is_read_back_whole()
    {
        var stream = Guid.CreateVersion7();
        var unit = Store.Unit(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("a \"quoted\" \\u0000 ünïcödé 🎉", 1), new NoteRevised("b"));
        unit = unit with { Metadata = new EventMetadata("ann", "corr", "cause", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", new Dictionary<string, string> { ["source"] = "import" }) };

        var appended = (await Store.Appender.AppendAsync(unit, Stop)).ShouldBeOfType<AppendOutcome.Appended>();

        appended.Versions.ShouldBe([2]);
        var events = await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).ToListAsync(Stop);
        events.Select(e => e.Version).ShouldBe([1, 2]);
        events[1].Position.ShouldBe(appended.Position);
        events[0].Body.ShouldBe(new NoteWritten("a \"quoted\" \\u0000 ünïcödé 🎉", 1));
        events[0].Type.ShouldBe("note_written");
        events[0].Timestamp.ShouldBe(appended.Timestamp);
        events[0].Metadata.Actor.ShouldBe("ann");
        events[0].Metadata.CorrelationId.ShouldBe("corr");
        events[0].Metadata.CausationId.ShouldBe("cause");
        events[0].Metadata.TraceParent.ShouldBe("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        events[0].Metadata.Headers!["source"].ShouldBe("import");
        (await ScalarAsync<string>("select mt_dotnet_type from mt_events where version = 1")).ShouldBe("Events.EventStore.Tests.NoteWritten, Events.EventStore.Tests");
        (await ScalarAsync<string>("select type from mt_streams")).ShouldBe("note");
    }

    [Fact]
    public async Task A_stream_that_starts_otherwise_is_not_there_for_an_aggregate()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteRevised("another's"));
        var definition = new AggregateDefinition<int>("note", 0, (count, _) => count + 1);
        var (own, others) = (Loader(typeof(NoteRevised)), Loader(typeof(NoteWritten)));

        (await own.LoadAsync(Tenant, stream, CancellationToken.None)).ShouldBe((1, 1L));
        (await others.LoadAsync(Tenant, stream, CancellationToken.None)).ShouldBe((0, 0L));

        AggregateLoader<int> Loader(Type first) => new(definition with { StartsWith = first }, Store.Reader, new EventStoreOptions());
    }

    [Fact]
    public async Task Units_on_one_stream_in_one_batch_follow_each_other()
    {
        var stream = Guid.CreateVersion7();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Store.AppendAsync(Tenant, stream, ExpectedVersion.Any, new NoteWritten("n", i))));

        var appended = outcomes.Cast<AppendOutcome.Appended>().ToList();
        appended.Select(o => o.Versions[0]).Order().ShouldBe(Enumerable.Range(1, 200).Select(i => (long)i));
        appended.OrderBy(o => o.Position).Select(o => o.Versions[0]).ShouldBeInOrder();
        appended.OrderBy(o => o.Position).Select(o => o.Timestamp).ShouldBeInOrder();
    }

    [Fact]
    public async Task A_unit_on_several_streams_is_written_whole_or_not_at_all()
    {
        var (one, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Store.AppendAsync(Tenant, one, ExpectedVersion.NoStream, new NoteWritten("n", 1));

        var refused = await Store.Appender.AppendAsync(
            new UnitOfWork(Tenant, [new StreamAppend(other, "note", ExpectedVersion.NoStream, [new NoteRevised("x")]), new StreamAppend(one, "note", ExpectedVersion.NoStream, [new NoteRevised("x")])]),
            Stop);
        var written = await Store.Appender.AppendAsync(
            new UnitOfWork(Tenant, [new StreamAppend(other, "note", ExpectedVersion.NoStream, [new NoteRevised("x"), new NoteRevised("y")]), new StreamAppend(one, "note", ExpectedVersion.Exactly(1), [new NoteRevised("x")])]),
            Stop);

        refused.ShouldBe(new AppendOutcome.VersionConflict(one, 0, 1));
        written.ShouldBeOfType<AppendOutcome.Appended>().Versions.ShouldBe([2, 2]);
    }

    [Fact]
    public async Task A_refused_unit_leaves_no_gap()
    {
        var stream = Guid.CreateVersion7();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Store.AppendAsync(Tenant, i % 2 == 0 ? stream : Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i))));

        (await ScalarAsync<long>("select max(seq_id) - count(*) from mt_events")).ShouldBe(0);
        (await ScalarAsync<long>("select count(*) from mt_events")).ShouldBe(26);
    }

    [Fact]
    public async Task An_archived_stream_takes_no_more_and_stays_readable()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("n", 1));

        (await Store.Appender.ArchiveAsync(Tenant, stream, Stop)).ShouldBeTrue();
        (await Store.Appender.ArchiveAsync(Tenant, Guid.CreateVersion7(), Stop)).ShouldBeFalse();

        (await Store.AppendAsync(Tenant, stream, ExpectedVersion.Any, new NoteRevised("x"))).ShouldBe(new AppendOutcome.StreamArchived(stream));
        (await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).ToListAsync(Stop)).Single().IsArchived.ShouldBeTrue();
    }

    [Fact]
    public async Task Outbox_messages_go_with_their_unit_and_only_when_it_is_accepted()
    {
        await ExecuteAsync(FakeOutbox.Sql);
        var stream = Guid.CreateVersion7();
        UnitOfWork Unit(ExpectedVersion expected, string type) => Store.Unit(Tenant, stream, expected, new NoteRevised(type)) with { Messages = [FakeOutbox.Message(Tenant, type)] };

        await using var ordered = Store.On(Database, options => options.Lanes = 1);
        await Task.WhenAll(
            ordered.Appender.AppendAsync(Unit(ExpectedVersion.NoStream, "first"), Stop),
            ordered.Appender.AppendAsync(Unit(ExpectedVersion.NoStream, "refused"), Stop),
            ordered.Appender.AppendAsync(Unit(ExpectedVersion.Exactly(1), "second"), Stop));
        var alone = await Store.Appender.AppendAsync(new UnitOfWork(Tenant, []) { Messages = [FakeOutbox.Message(Tenant, "alone")] }, Stop);

        alone.ShouldBeOfType<AppendOutcome.Appended>().Position.ShouldBe(0);
        (await ScalarAsync<string>("select string_agg(type, ' ' order by type) from sent")).ShouldBe("alone first second");
    }

    [Fact]
    public async Task A_unit_can_be_withdrawn_while_it_waits_and_not_after()
    {
        await using var store = Store.On(Database, options => options.Lanes = 1);
        await using var holder = await Database.DataSource.OpenConnectionAsync(Stop);
        await using var held = await holder.BeginTransactionAsync(Stop);
        await ExecuteAsync(holder, "select fence_append(gen_random_uuid())");
        using var cancel = new CancellationTokenSource();
        var (sent, waiting) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        var first = store.Appender.AppendAsync(Store.Unit(Tenant, sent, ExpectedVersion.NoStream, new NoteRevised("sent")), cancel.Token);
        var second = store.Appender.AppendAsync(Store.Unit(Tenant, waiting, ExpectedVersion.NoStream, new NoteRevised("waiting")), cancel.Token);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(second);
        await held.CommitAsync(Stop);

        (await first).ShouldBeOfType<AppendOutcome.Appended>();
        (await Store.Reader.ReadStreamVersionAsync(Tenant, sent, Stop)).ShouldBe(1);
        (await Store.Reader.ReadStreamVersionAsync(Tenant, waiting, Stop)).ShouldBe(0);
    }

    [Fact]
    public async Task A_full_queue_says_so_and_takes_nothing()
    {
        await using var small = Store.On(Database, options => (options.Queued, options.Lanes) = (2, 1));
        await using var holder = await Database.DataSource.OpenConnectionAsync(Stop);
        await using var held = await holder.BeginTransactionAsync(Stop);
        await ExecuteAsync(holder, "select fence_append(gen_random_uuid())");
        Task<AppendOutcome> Append() => small.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteRevised("x"));

        var taken = new[] { Append(), Append(), Append() };
        (await Should.ThrowAsync<EventStoreBusyException>(Append())).RetryAfter.ShouldBeGreaterThan(TimeSpan.Zero);
        await held.CommitAsync(Stop);

        (await Task.WhenAll(taken)).ShouldAllBe(outcome => outcome is AppendOutcome.Appended);
        (await ScalarAsync<long>("select count(*) from mt_events")).ShouldBe(3);
    }
}
