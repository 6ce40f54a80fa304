using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.Handling;

/// <summary>For whom and how a command is carried out.</summary>
/// <param name="Actor">Who asks; stored with every event.</param>
public sealed record CommandContext(TenantId Tenant, string Actor)
{
    /// <summary>Whether the actor may change what others wrote.</summary>
    public bool MayModerate { get; init; }

    /// <summary>Projects that the actor must not learn of: what is in them does not exist for this command.</summary>
    public IReadOnlyList<Guid> HiddenProjects { get; init; } = [];

    /// <summary>The versions that the caller takes, mostly the one that it has seen: any other refuses. Null: a conflict is retried.</summary>
    public IReadOnlyList<long>? IfMatch { get; init; }

    /// <summary>Stored with the events, when there are any.</summary>
    public IReadOnlyList<Platform.Outbox.OutboxMessage> Messages { get; init; } = [];

    public string? CorrelationId { get; init; }

    public string? CausationId { get; init; }

    public string? TraceParent { get; init; }

    /// <summary>Further headers for the events, e.g. the author and time of an imported row.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>The caller's <c>Idempotency-Key</c>, when there is one.</summary>
    public IdempotentRequest? Idempotency { get; init; }

    internal EventMetadata Metadata => new(Actor, CorrelationId, CausationId, TraceParent, Headers);
}

/// <param name="Hash">SHA-256 of method, path and body.</param>
public sealed record IdempotentRequest(string Key, ReadOnlyMemory<byte> Hash);
