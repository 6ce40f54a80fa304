using System.Diagnostics;
using Events.Platform.Postgres;

namespace Events.EventStore.Appending;

/// <summary>A unit on its way: it waits, then either its caller withdraws it or a batch takes it, never both.</summary>
internal sealed class PendingUnit(EncodedUnit encoded, long enqueuedAt) : GroupCommitItem<AppendOutcome>
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private int state = Waiting;

    public EncodedUnit Encoded => encoded;

    public UnitOfWork Unit => encoded.Unit;

    /// <summary>
    /// What the unit leaves besides events. A unit without events and without the caller's key gets a key of ours: should its
    /// connection be lost, the record tells whether it happened.
    /// </summary>
    public IdempotencyRecord? Key { get; } = encoded.Unit.Idempotency
        ?? (encoded.Events.Length > 0 ? null : new IdempotencyRecord($"{UnitChecks.OwnKeyPrefix}{Guid.CreateVersion7()}", new byte[] { 0 }, new StoredAnswer(0, null, null, default)));

    /// <summary>A timestamp of <see cref="TimeProvider"/>.</summary>
    public long EnqueuedAt => enqueuedAt;

    /// <summary>The caller's span: the batch's span links to it.</summary>
    public ActivityContext Cause { get; } = Activity.Current?.Context ?? default;

    public override int Size => encoded.Size;

    /// <summary>From here on the caller learns the truth, whatever its token says.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref state, Taken, Waiting) == Waiting;

    public void Withdraw(CancellationToken ct)
    {
        if (Interlocked.CompareExchange(ref state, Withdrawn, Waiting) == Waiting)
            TryCancel(ct);
    }
}
