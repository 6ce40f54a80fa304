using Events.Platform.Tenancy;

namespace Events.EventStore;

/// <summary>Which events of all; what is null does not restrict.</summary>
public sealed record EventFilter
{
    public static EventFilter All { get; } = new();

    public TenantId? Tenant { get; init; }

    public Guid? StreamId { get; init; }

    /// <summary>Aliases.</summary>
    public IReadOnlyCollection<string>? Types { get; init; }

    /// <summary>Up to and with this position.</summary>
    public long? UpTo { get; init; }

    /// <summary>Up to and with this moment.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>An answer found under an idempotency key.</summary>
public sealed record IdempotentAnswer(StoredAnswer Answer, ReadOnlyMemory<byte> RequestHash, long Position);
