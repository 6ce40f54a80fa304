using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class P3_A_stale_expected_version_is_refused(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task With_the_version_that_the_stream_has()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("n", 1), new NoteRevised("x"));

        (await Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(1), new NoteRevised("y"))).ShouldBe(new AppendOutcome.VersionConflict(stream, 1, 2));
        (await Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(3), new NoteRevised("y"))).ShouldBe(new AppendOutcome.VersionConflict(stream, 3, 2));
        (await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteRevised("y"))).ShouldBe(new AppendOutcome.VersionConflict(stream, 0, 2));
        (await Store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.Exactly(1), new NoteRevised("y"))).ShouldBeOfType<AppendOutcome.VersionConflict>().Actual.ShouldBe(0);
        (await Store.AppendAsync(Tenant, stream, ExpectedVersion.Exactly(2), new NoteRevised("y"))).ShouldBeOfType<AppendOutcome.Appended>();
    }

    [Fact]
    public async Task Of_a_stream_that_a_unit_only_rests_on_and_does_not_write_to()
    {
        var (written, read) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Store.AppendAsync(Tenant, read, ExpectedVersion.NoStream, new NoteWritten("n", 1));
        (await Store.Appender.AppendAsync(Unit(2), Stop)).ShouldBe(new AppendOutcome.VersionConflict(read, 2, 1));
        (await Store.Reader.ReadStreamVersionAsync(Tenant, written, Stop)).ShouldBe(0);
        (await Store.Appender.AppendAsync(Unit(1), Stop)).ShouldBeOfType<AppendOutcome.Appended>().Versions.ShouldBe([1, 1]);
        (await Store.Reader.ReadStreamVersionAsync(Tenant, read, Stop)).ShouldBe(1);

        UnitOfWork Unit(long seen) => new(
            Tenant,
            [new StreamAppend(written, "note", ExpectedVersion.NoStream, [new NoteWritten("n", 1)]), new StreamAppend(read, "note", ExpectedVersion.Exactly(seen), [])]);
    }

    [Fact]
    public async Task Of_all_who_saw_the_same_version_one_wins()
    {
        await using var other = Store.On(Database);
        var stream = Guid.CreateVersion7();
        for (var version = 0; version < 20; version++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? Store : other).AppendAsync(Tenant, stream, ExpectedVersion.Exactly(version), new NoteWritten("n", i))));
            outcomes.OfType<AppendOutcome.Appended>().Count().ShouldBe(1);
            outcomes.OfType<AppendOutcome.VersionConflict>().Count().ShouldBe(7);
        }
    }

    [Fact]
    public async Task The_same_stream_id_in_another_tenant_is_another_stream()
    {
        var stream = Guid.CreateVersion7();
        await Store.AppendAsync(Tenant, stream, ExpectedVersion.NoStream, new NoteWritten("mine", 1));
        (await Store.AppendAsync(new(Guid.CreateVersion7()), stream, ExpectedVersion.NoStream, new NoteWritten("theirs", 1))).ShouldBeOfType<AppendOutcome.Appended>();
        (await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).ToListAsync(Stop)).Single().Body.ShouldBe(new NoteWritten("mine", 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Whatever_is_asked_in_one_batch_ends_as_if_asked_one_by_one(int seed)
    {
        await using var store = Store.On(Database, options => options.Lanes = 1);
        var random = new Random(seed);
        var streams = Enumerable.Range(0, 6).Select(_ => Guid.CreateVersion7()).ToList();
        var model = streams.ToDictionary(stream => stream, _ => 0L);
        var asked = new List<(Task<AppendOutcome> Outcome, bool Accepted, List<long> Versions)>();
        for (var i = 0; i < 300; i++)
        {
            var chosen = random.GetItems(streams.ToArray(), 1 + random.Next(3)).Distinct().ToList();
            var appends = chosen.Select(stream => new StreamAppend(stream, "note", Expectation(random, model[stream]), [.. Enumerable.Range(0, 1 + random.Next(3)).Select(n => new NoteWritten("n", n))])).ToList();
            var accepted = appends.All(append => append.Expected.Value == -1 || append.Expected.Value == model[append.StreamId]);
            foreach (var append in appends.Where(_ => accepted))
                model[append.StreamId] += append.Events.Count;
            // Not awaited: what is asked meanwhile goes into the next batch, in this order.
            asked.Add((store.Appender.AppendAsync(new UnitOfWork(Tenant, appends), Stop), accepted, [.. chosen.Select(stream => model[stream])]));
        }

        foreach (var (outcome, accepted, versions) in asked)
        {
            if (accepted)
                (await outcome).ShouldBeOfType<AppendOutcome.Appended>().Versions.ShouldBe(versions);
            else
                (await outcome).ShouldBeOfType<AppendOutcome.VersionConflict>();
        }

        foreach (var (stream, version) in model)
            (await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).Select(e => e.Version).ToListAsync(Stop)).ShouldBe(Enumerable.Range(1, (int)version).Select(v => (long)v));
        (await ScalarAsync<long>("select max(seq_id) - count(*) from mt_events")).ShouldBe(0);
    }

    private static ExpectedVersion Expectation(Random random, long version) => random.Next(4) switch
    {
        0 => ExpectedVersion.Any,
        1 => ExpectedVersion.Exactly(version + 1),
        2 => ExpectedVersion.NoStream,
        _ => ExpectedVersion.Exactly(version),
    };
}
