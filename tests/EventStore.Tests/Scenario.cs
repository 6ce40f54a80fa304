using Events.Platform.Tenancy;
using Shouldly;

namespace Events.EventStore.Tests;

/// <summary>A little of everything, for servers and poolers of all kinds; needs <see cref="FakeOutbox"/>.</summary>
internal static class Scenario
{
    public static async Task RunAsync(Store store, TenantId tenant, CancellationToken ct)
    {
        var shared = Guid.CreateVersion7();
        UnitOfWork Unit(int i) => new(tenant, [new StreamAppend(shared, "note", ExpectedVersion.Any, [new NoteRevised("r")]), new StreamAppend(Guid.CreateVersion7(), "note", ExpectedVersion.NoStream, [new NoteWritten("n", i)])])
        {
            Metadata = new EventMetadata("ann", "corr", null, null),
            Messages = [FakeOutbox.Message(tenant, "m")],
            Idempotency = new IdempotencyRecord($"key {i}", new[] { (byte)i }, new StoredAnswer(201, null, null, default)),
        };

        var units = Enumerable.Range(0, 100).Select(Unit).ToList();
        var outcomes = await Task.WhenAll(units.Select(unit => store.Appender.AppendAsync(unit, ct)));
        var repeated = await Task.WhenAll(units.Select(unit => store.Appender.AppendAsync(unit, ct)));
        var refused = await store.AppendAsync(tenant, shared, ExpectedVersion.Exactly(99), new NoteRevised("late"));

        outcomes.ShouldAllBe(outcome => outcome is AppendOutcome.Appended);
        repeated.ShouldAllBe(outcome => outcome is AppendOutcome.Replayed);
        refused.ShouldBe(new AppendOutcome.VersionConflict(shared, 99, 100));
        (await store.Appender.ArchiveAsync(tenant, shared, ct)).ShouldBeTrue();

        var seen = new List<RecordedEvent>();
        await foreach (var page in store.Tail.SubscribeAsync(0, ct))
        {
            seen.AddRange(page.Events);
            if (seen.Count >= 200)
                break;
        }

        seen.Select(e => e.Position).ShouldBe(Enumerable.Range(1, 200).Select(i => (long)i));
        (await store.Reader.ReadStreamAsync(tenant, shared, 1, ct).CountAsync(ct)).ShouldBe(100);
    }
}
