using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class AggregateTests(PostgresServer server) : StoreTests(server)
{
    private static readonly AggregateDefinition<string> Definition = new(
        "note",
        "",
        (state, e) => e switch
        {
            NoteWritten written => written.Text,
            NoteRevised revised => $"{state}+{revised.Text}",
            _ => throw new System.Diagnostics.UnreachableException(),
        });

    [Fact]
    public async Task A_state_is_folded_then_remembered_then_replaced_by_newer_ones_only()
    {
        var loader = Loader(10);
        var stream = Guid.CreateVersion7();
        (await loader.LoadAsync(Tenant, stream, Stop)).ShouldBe(("", 0));
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("a", 1), new NoteRevised("b"));

        (await loader.LoadAsync(Tenant, stream, Stop)).ShouldBe(("a+b", 2));
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(2), new NoteRevised("c"));
        (await loader.LoadAsync(Tenant, stream, Stop)).ShouldBe(("a+b", 2));
        loader.Applied(Tenant, stream, "a+b+c", 3);
        loader.Applied(Tenant, stream, "late", 2);
        (await loader.LoadAsync(Tenant, stream, Stop)).ShouldBe(("a+b+c", 3));
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(3), new NoteRevised("d"));
        (await loader.ReloadAsync(Tenant, stream, Stop)).ShouldBe(("a+b+c+d", 4));
    }

    [Fact]
    public async Task A_state_is_as_it_was_at_a_version_or_a_moment()
    {
        var loader = Loader(10);
        var stream = Guid.CreateVersion7();
        var first = (AppendOutcome.Appended)await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("a", 1));
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(1), new NoteRevised("b"));

        (await loader.LoadAtAsync(Tenant, stream, 1, Stop)).ShouldBe(("a", 1));
        (await loader.LoadAtAsync(Tenant, stream, first.Timestamp, Stop)).ShouldBe(("a", 1));
        (await loader.LoadAtAsync(Tenant, stream, first.Timestamp.AddSeconds(-1), Stop)).ShouldBe(("", 0));
        (await loader.LoadAsync(Tenant, stream, Stop)).ShouldBe(("a+b", 2));
    }

    [Fact]
    public void The_memory_of_states_is_bounded_and_keeps_what_is_used()
    {
        var recent = new Aggregates.RecentStates<string>(10, long.MaxValue, static _ => 1);
        var hot = Guid.CreateVersion7();
        recent.Put(Tenant, hot, "hot", 1);
        var others = Enumerable.Range(0, 100).Select(_ => Guid.CreateVersion7()).ToList();
        foreach (var other in others)
        {
            recent.Put(Tenant, other, "cold", 1);
            recent.TryGet(Tenant, hot, out _, out _).ShouldBeTrue();
        }

        others.Count(other => recent.TryGet(Tenant, other, out _, out _)).ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public void Large_states_leave_the_cache_before_there_are_many_of_them()
    {
        var recent = new Aggregates.RecentStates<string>(1_000, 10_000, static text => text.Length);
        var streams = Enumerable.Range(0, 100).Select(_ => Guid.CreateVersion7()).ToList();
        foreach (var stream in streams)
            recent.Put(Tenant, stream, new string('x', 10), 1);
        Kept().ShouldBe(100);
        // What grows is weighed again, and what goes makes room again.
        foreach (var stream in streams)
            recent.Put(Tenant, stream, new string('x', 1_000), 2);
        Kept().ShouldBeInRange(9, 10);
        foreach (var stream in streams)
            recent.Remove(Tenant, stream);
        foreach (var stream in streams)
            recent.Put(Tenant, stream, new string('x', 100), 1);
        Kept().ShouldBe(100);
        recent.Put(Tenant, Guid.CreateVersion7(), new string('x', 20_000), 1);
        Kept().ShouldBe(100, "what is larger than all of it is not kept, and pushes nothing out");

        int Kept() => streams.Count(stream => recent.TryGet(Tenant, stream, out _, out _));
    }

    [Fact]
    public async Task A_stream_with_an_event_that_this_build_does_not_know_is_not_decided_on()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("a", 1));
        await ExecuteAsync("update mt_events set type = 'invented_later'");
        (await Should.ThrowAsync<UnreadableEventException>(() => Loader(10).LoadAsync(Tenant, stream, Stop).AsTask())).Recorded.Type.ShouldBe("invented_later");
    }

    private AggregateLoader<string> Loader(int capacity) => new(Definition, Store.Reader, new EventStoreOptions { CachedStates = capacity });
}
