using Events.Platform.Tenancy;

namespace Events.Messaging.Running;

/// <summary>A message in this node's hands.</summary>
internal sealed class ClaimedMessage
{
    public required ClaimedBatch Batch { get; init; }

    public required Guid Id { get; init; }

    public required TenantId Tenant { get; init; }

    public required string Queue { get; init; }

    public required string Type { get; init; }

    public required long Sequence { get; init; }

    public required short Priority { get; init; }

    /// <summary>Attempts that have failed so far.</summary>
    public required int Attempt { get; init; }

    /// <summary>Workers that died while they held it.</summary>
    public required int Takeovers { get; init; }

    public required DateTimeOffset EnqueuedAt { get; init; }

    public required byte[] Body { get; init; }

    public string? OrderKey { get; init; }

    public string? UniqueKey { get; init; }

    public Guid? BatchId { get; init; }

    public string? TraceParent { get; init; }

    public string? CorrelationId { get; init; }

    public bool IsJob { get; init; }

    /// <summary>Whether its end touches more than the mark that it was handled.</summary>
    public bool HoldsSomething => IsJob || OrderKey is not null || UniqueKey is not null || BatchId is not null;
}

/// <summary>What was claimed in one go: one row in <c>claimed_batches</c>, deleted when all of it has ended.</summary>
internal sealed class ClaimedBatch(long id)
{
    private int open;

    public long Id => id;

    /// <summary>Messages whose end is not committed yet.</summary>
    public int Open => Volatile.Read(ref open);

    public void Add() => open++;

    /// <summary>Only after the commit: the row must outlive every message whose end could still be lost.</summary>
    /// <returns>Whether these were the last.</returns>
    public bool End(int count) => Interlocked.Add(ref open, -count) == 0;
}
