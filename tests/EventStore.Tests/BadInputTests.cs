using System.Text.Json;
using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class BadInputTests(PostgresServer server) : StoreTests(server)
{
    private static readonly string TooLong = new('x', UnitLimits.EventBytes);

    public static TheoryData<string, string> Refusals => new()
    {
        { "event_too_large", "oversized" },
        { "invalid_text", "nul in an event" },
        { "invalid_text", "nul in raw json" },
        { "invalid_text", "half a surrogate pair" },
        { "invalid_text", "nul in the actor" },
        { "invalid_text", "half a surrogate pair in a header" },
        { "invalid_header", "a header that has its own field" },
        { "invalid_header", "a header without a name" },
        { "headers_too_large", "long headers" },
        { "text_too_long", "a long correlation id" },
        { "invalid_stream", "the empty stream id" },
        { "empty_stream_append", "no events" },
        { "stream_twice", "a stream twice" },
        { "too_many_streams", "65 streams" },
        { "too_many_events", "1001 events" },
        { "unit_too_large", "five megabytes" },
        { "empty_unit", "nothing at all" },
        { "invalid_version", "version minus two" },
        { "wrong_tenant", "another tenant's message" },
        { "invalid_key", "an empty key" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_cannot_be_stored_is_refused_before_it_is_sent(string code, string what)
    {
        (await Should.ThrowAsync<InvalidUnitException>(() => Store.Appender.AppendAsync(Bad(what), Stop))).Code.ShouldBe(code);
        (await ScalarAsync<long>("select count(*) from mt_streams")).ShouldBe(0);
    }

    [Fact]
    public async Task The_largest_event_is_taken()
    {
        var stream = Guid.CreateVersion7();
        var largest = new NoteWritten(new string('x', UnitLimits.EventBytes - """{"text":"","number":1}""".Length), 1);
        (await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, largest)).ShouldBeOfType<AppendOutcome.Appended>();
        (await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).ToListAsync(Stop)).Single().Body.ShouldBe(largest);
    }

    [Fact]
    public async Task A_type_that_was_not_added_cannot_be_written() =>
        await Should.ThrowAsync<InvalidOperationException>(() => Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, "a string"));

    [Fact]
    public async Task What_only_the_database_finds_wrong_fails_alone()
    {
        await ExecuteAsync(FakeOutbox.Sql);
        await using var store = Store.On(Database, options => options.Lanes = 1);
        await using var holder = await Database.DataSource.OpenConnectionAsync(Stop);
        await using var held = await holder.BeginTransactionAsync(Stop);
        await ExecuteAsync(holder, "select fence_append(gen_random_uuid())");
        UnitOfWork Unit(int i, string body) => Store.Unit(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i)) with { Messages = [FakeOutbox.Message(Tenant, "m", body)] };

        // The first is on its way and waits for the lock; the others become one batch behind it.
        var good = Enumerable.Range(0, 20).Select(i => store.Appender.AppendAsync(Unit(i, "{}"), Stop)).ToList();
        var bad = store.Appender.AppendAsync(Unit(20, "{ this is not JSON"), Stop);
        good.AddRange(Enumerable.Range(21, 20).Select(i => store.Appender.AppendAsync(Unit(i, "{}"), Stop)));
        await held.CommitAsync(Stop);

        (await Record.ExceptionAsync(() => bad)).ShouldBeOfType<InvalidUnitException>().Code.ShouldBe("rejected_by_database");
        (await Task.WhenAll(good)).ShouldAllBe(outcome => outcome is AppendOutcome.Appended);
        (await ScalarAsync<long>("select count(*) from mt_events")).ShouldBe(40);
        (await ScalarAsync<long>("select count(*) from sent")).ShouldBe(40);
        (await ScalarAsync<long>("select max(seq_id) - count(*) from mt_events")).ShouldBe(0);
    }

    [Fact]
    public async Task An_event_of_a_type_unknown_to_this_build_is_read_without_a_body()
    {
        await InsertAsync("invented_later", """{"a": 1}""");
        var found = await Store.Reader.ReadAllAsync(0, EventFilter.All, Stop).SingleAsync(Stop);
        found.Body.ShouldBeNull();
        found.Type.ShouldBe("invented_later");
        JsonDocument.Parse(found.Data).RootElement.GetProperty("a").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task An_event_that_is_not_of_its_shape_is_marked_and_does_not_stop_readers()
    {
        await InsertAsync("note_written", """{"text": 7}""");
        await InsertAsync("note_written", """{"text": "fine", "number": 2}""");
        var found = await Store.Reader.ReadAllAsync(0, EventFilter.All, Stop).ToListAsync(Stop);
        found[0].Body.ShouldBeOfType<UnreadableEvent>();
        found[1].Body.ShouldBe(new NoteWritten("fine", 2));
    }

    [Theory]
    [InlineData("note_written", "{}")]
    [InlineData("note_written", """{"text": "no number"}""")]
    [InlineData("note_written", """{"text": null, "number": 2}""")]
    [InlineData("note_tagged", """{"tags": null}""")]
    [InlineData("note_tagged", """{"tags": ["one", null]}""")]
    public async Task An_event_without_what_its_type_promises_is_marked(string type, string data)
    {
        await InsertAsync(type, data);
        var found = await Store.Reader.ReadAllAsync(0, EventFilter.All, Stop).SingleAsync(Stop);
        found.Body.ShouldBeOfType<UnreadableEvent>();
    }

    [Fact]
    public async Task Headers_of_any_shape_are_readable()
    {
        await InsertAsync("note_revised", """{"text": "x"}""", """{"number": 1, "list": [1, 2], "none": null, "actor": "marten"}""");
        await InsertAsync("note_revised", """{"text": "x"}""", "[1]");
        var found = await Store.Reader.ReadAllAsync(0, EventFilter.All, Stop).ToListAsync(Stop);
        found[0].Metadata.Actor.ShouldBe("marten");
        found[0].Metadata.Headers!["number"].ShouldBe("1");
        found[0].Metadata.Headers!["list"].ShouldBe("[1, 2]");
        found[1].Metadata.Actor.ShouldBeNull();
    }

    private UnitOfWork Bad(string what)
    {
        var stream = Guid.CreateVersion7();
        UnitOfWork Writing(params object[] events) => Store.Unit(Tenant, stream, ExpectedVersion.NoStream, events);
        UnitOfWork With(EventMetadata metadata) => Writing(new NoteRevised("x")) with { Metadata = metadata };
        return what switch
        {
            "oversized" => Writing(new NoteRevised(TooLong)),
            "nul in an event" => Writing(new NoteRevised("a\0b")),
            "nul in raw json" => Writing(new RawNote(JsonDocument.Parse("""{"deep":["\u0000"]}""").RootElement)),
            "half a surrogate pair" => Writing(new RawNote(JsonDocument.Parse("""{"deep":["\ud83c"]}""").RootElement)),
            "nul in the actor" => With(new EventMetadata("a\0b", null, null, null)),
            "half a surrogate pair in a header" => With(new EventMetadata(null, null, null, null, new Dictionary<string, string> { ["name"] = "\ud83c" })),
            "a header that has its own field" => With(new EventMetadata(null, null, null, null, new Dictionary<string, string> { ["actor"] = "x" })),
            "a header without a name" => With(new EventMetadata(null, null, null, null, new Dictionary<string, string> { [""] = "x" })),
            "long headers" => With(new EventMetadata(null, null, null, null, new Dictionary<string, string> { ["x"] = new('x', UnitLimits.HeaderBytes) })),
            "a long correlation id" => With(new EventMetadata(null, new string('x', 256), null, null)),
            "the empty stream id" => Store.Unit(Tenant, Guid.Empty, ExpectedVersion.Any, new NoteRevised("x")),
            "no events" => Writing(),
            "a stream twice" => new UnitOfWork(Tenant, [.. Writing(new NoteRevised("x")).Streams, .. Writing(new NoteRevised("x")).Streams]),
            "65 streams" => new UnitOfWork(Tenant, [.. Enumerable.Range(0, 65).Select(_ => new StreamAppend(Guid.CreateVersion7(), null, ExpectedVersion.Any, [new NoteRevised("x")]))]),
            "1001 events" => Writing([.. Enumerable.Repeat(new NoteRevised("x"), 1001)]),
            "five megabytes" => Writing([.. Enumerable.Repeat(new NoteRevised(new string('x', 250_000)), 20)]),
            "nothing at all" => new UnitOfWork(Tenant, []),
            "version minus two" => Store.Unit(Tenant, stream, new ExpectedVersion(-2), new NoteRevised("x")),
            "another tenant's message" => new UnitOfWork(Tenant, []) { Messages = [FakeOutbox.Message(new(Guid.CreateVersion7()), "m")] },
            "an empty key" => Writing(new NoteRevised("x")) with { Idempotency = new IdempotencyRecord("", new byte[] { 1 }, new StoredAnswer(200, null, null, default)) },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
    }

    private async Task InsertAsync(string type, string data, string? headers = null)
    {
        var stream = Guid.CreateVersion7();
        await ExecuteAsync($"insert into mt_streams (id, version) values ('{stream}', 1)");
        await ExecuteAsync($"insert into mt_events (seq_id, id, stream_id, version, data, type, headers) values (nextval('mt_events_sequence'), gen_random_uuid(), '{stream}', 1, '{data}', '{type}', {(headers is null ? "null" : $"'{headers}'")})");
    }
}
