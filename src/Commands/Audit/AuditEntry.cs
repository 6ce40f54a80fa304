using System.Net;
using Events.Platform.Tenancy;

namespace Events.Commands.Audit;

/// <summary>Who asked for what, and what became of it.</summary>
/// <param name="Tenant">The workspace whose admins see it; for strangers and people without a workspace the people's own.</param>
/// <param name="Action">Method and route, e.g. <c>POST /api/v1/tokens</c>: never a query, which could hold anything.</param>
/// <param name="Target">Ids of the route, or a person's id; never an address or a secret.</param>
/// <param name="Outcome"><c>done</c>, or the code of the refusal.</param>
/// <param name="Client">The user agent, cut to 200 characters.</param>
public sealed record AuditEntry(
    TenantId Tenant,
    Guid Id,
    DateTimeOffset At,
    Guid? ActorId,
    Guid? TokenId,
    string Action,
    string Target,
    string Outcome,
    short Status,
    IPAddress? Address,
    string? Client,
    string RequestId);

/// <param name="Before">Only entries with a smaller id: the cursor.</param>
public sealed record AuditFilter(Guid? ActorId, string? Action, string? Outcome, DateTimeOffset? From, DateTimeOffset? To, Guid? Before);
