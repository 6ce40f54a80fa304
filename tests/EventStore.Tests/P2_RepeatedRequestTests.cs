using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class P2_A_repeated_request_returns_the_first_answer_and_changes_nothing(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task The_same_key_and_request_replays_the_stored_answer()
    {
        var first = (await Store.Appender.AppendAsync(Unit("key", 1), Stop)).ShouldBeOfType<AppendOutcome.Appended>();
        var second = (await Store.Appender.AppendAsync(Unit("key", 1), Stop)).ShouldBeOfType<AppendOutcome.Replayed>();

        second.Position.ShouldBe(first.Position);
        second.Answer.Status.ShouldBe(201);
        second.Answer.Location.ShouldBe("/notes/1");
        second.Answer.ETag.ShouldBe("\"v1\"");
        second.Answer.Body.ToArray().ShouldBe("{}"u8.ToArray());
        (await ScalarAsync<long>("select count(*) from mt_events")).ShouldBe(1);
        (await Store.Reader.FindIdempotentAnswerAsync(Tenant, "key", Stop))!.RequestHash.ToArray().ShouldBe([1]);
        (await Store.Reader.FindIdempotentAnswerAsync(new(Guid.CreateVersion7()), "key", Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_refused()
    {
        await Store.Appender.AppendAsync(Unit("key", 1), Stop);
        (await Store.Appender.AppendAsync(Unit("key", 2), Stop)).ShouldBe(new AppendOutcome.IdempotencyKeyReused("key"));
    }

    [Fact]
    public async Task The_same_request_many_times_at_once_is_written_once()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Store.Appender.AppendAsync(Unit($"key {i % 4}", 1), Stop)));

        outcomes.OfType<AppendOutcome.Appended>().Count().ShouldBe(4);
        outcomes.OfType<AppendOutcome.Replayed>().Count().ShouldBe(36);
        (await ScalarAsync<long>("select count(*) from mt_events")).ShouldBe(4);
    }

    [Fact]
    public async Task A_refused_request_keeps_no_answer()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteRevised("x"));
        (await Store.Appender.AppendAsync(Unit("key", 1, stream), Stop)).ShouldBeOfType<AppendOutcome.VersionConflict>();
        (await Store.Reader.FindIdempotentAnswerAsync(Tenant, "key", Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task An_expired_key_is_free_again_and_is_taken_away()
    {
        await Store.Appender.AppendAsync(Unit("key", 1), Stop);
        await Store.Appender.AppendAsync(Unit("kept", 1), Stop);
        await ExecuteAsync("update idempotency_keys set expires_at = now() - interval '1 second' where key = 'key'");

        (await Store.Reader.FindIdempotentAnswerAsync(Tenant, "key", Stop)).ShouldBeNull();
        (await Store.Appender.AppendAsync(Unit("key", 2), Stop)).ShouldBeOfType<AppendOutcome.Appended>();
        await ExecuteAsync("update idempotency_keys set expires_at = now() - interval '1 second' where key = 'key'");
        (await Store.Get<Appending.IdempotencyPurge>().RunOnceAsync(Stop)).ShouldBe(1);
        (await ScalarAsync<string>("select string_agg(key, ' ') from idempotency_keys")).ShouldBe("kept");
    }

    private UnitOfWork Unit(string key, byte hash, Guid? stream = null) =>
        Store.Unit(Tenant, stream ?? Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", 1)) with
        {
            Idempotency = new IdempotencyRecord(key, new[] { hash }, new StoredAnswer(201, "/notes/1", "\"v1\"", "{}"u8.ToArray())),
        };
}
