using Events.EventStore.Aggregates;
using Events.Platform.Tenancy;

namespace Events.EventStore;

/// <summary>How the state that decisions read is folded from a stream.</summary>
/// <param name="StreamType">Marten's alias of the aggregate, e.g. <c>task_state</c>.</param>
public sealed record AggregateDefinition<TState>(string StreamType, TState Initial, Func<TState, object, TState> Evolve)
{
    /// <summary>
    /// The type of every such stream's first event. A stream that starts otherwise is another aggregate's, and for this one
    /// does not exist: ids come from callers, and a project's is no task's.
    /// </summary>
    public Type? StartsWith { get; init; }

    /// <summary>Bytes that a state takes in memory, roughly.</summary>
    public Func<TState, long> Weigh { get; init; } = static _ => 1_000;
}

/// <summary>
/// The state of a stream: from a bounded cache of recent ones, else folded. A cached state may be behind another process's
/// appends, so a decision on it must be appended with the version that came with it; a conflict calls <see cref="Forget"/>.
/// </summary>
/// <remarks><typeparamref name="TState"/> must be immutable: callers share it.</remarks>
public sealed class AggregateLoader<TState>(AggregateDefinition<TState> definition, EventReader events, EventStoreOptions options)
{
    private readonly RecentStates<TState> recent = new(options.CachedStates, options.CachedBytes, definition.Weigh);

    /// <returns>The initial state and version 0 where the stream does not exist.</returns>
    /// <exception cref="UnreadableEventException">The stream has an event that this build cannot read.</exception>
    public ValueTask<(TState State, long Version)> LoadAsync(TenantId tenant, Guid streamId, CancellationToken ct) =>
        recent.TryGet(tenant, streamId, out var state, out var version)
            ? ValueTask.FromResult((state, version))
            : new ValueTask<(TState, long)>(FoldAsync(tenant, streamId, long.MaxValue, DateTimeOffset.MaxValue, ct));

    /// <summary>Past the cache: after a conflict, or when the cache must not be believed.</summary>
    public Task<(TState State, long Version)> ReloadAsync(TenantId tenant, Guid streamId, CancellationToken ct)
    {
        recent.Remove(tenant, streamId);
        return FoldAsync(tenant, streamId, long.MaxValue, DateTimeOffset.MaxValue, ct);
    }

    /// <summary>The state as it was at a version.</summary>
    public Task<(TState State, long Version)> LoadAtAsync(TenantId tenant, Guid streamId, long version, CancellationToken ct) =>
        FoldAsync(tenant, streamId, version, DateTimeOffset.MaxValue, ct);

    /// <summary>The state as it was at a moment.</summary>
    public Task<(TState State, long Version)> LoadAtAsync(TenantId tenant, Guid streamId, DateTimeOffset moment, CancellationToken ct) =>
        FoldAsync(tenant, streamId, long.MaxValue, moment, ct);

    /// <summary>After an append: what the stream's state is now.</summary>
    /// <param name="version">The stream's new version, from <see cref="AppendOutcome.Appended"/>.</param>
    public void Applied(TenantId tenant, Guid streamId, TState state, long version) => recent.Put(tenant, streamId, state, version);

    public void Forget(TenantId tenant, Guid streamId) => recent.Remove(tenant, streamId);

    private async Task<(TState State, long Version)> FoldAsync(TenantId tenant, Guid streamId, long upTo, DateTimeOffset moment, CancellationToken ct)
    {
        var state = definition.Initial;
        var version = 0L;
        await foreach (var recorded in events.ReadStreamAsync(tenant, streamId, 1, ct))
        {
            if (recorded.Version > upTo || recorded.Timestamp > moment)
                return (state, version);
            if (recorded.Body is null or UnreadableEvent)
                throw new UnreadableEventException(recorded);
            if (version == 0 && definition.StartsWith?.IsInstanceOfType(recorded.Body) == false)
                return (definition.Initial, 0);
            state = definition.Evolve(state, recorded.Body);
            version = recorded.Version;
        }

        if (version > 0 && upTo == long.MaxValue && moment == DateTimeOffset.MaxValue)
            recent.Put(tenant, streamId, state, version);
        return (state, version);
    }
}
