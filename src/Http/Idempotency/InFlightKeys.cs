using System.Collections.Concurrent;
using Events.Platform.Tenancy;

namespace Events.Http.Idempotency;

/// <summary>Keys whose first request is being answered by this process: a second one meanwhile is told so at once.</summary>
public sealed class InFlightKeys
{
    private readonly ConcurrentDictionary<(TenantId Tenant, string Key), byte> running = new();

    public bool TryEnter(TenantId tenant, string key) => running.TryAdd((tenant, key), 0);

    public void Leave(TenantId tenant, string key) => running.TryRemove((tenant, key), out _);
}
