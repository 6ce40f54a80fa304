using Events.Commands.Permissions;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Http.Auth;

/// <summary>
/// On whose behalf a request runs, in which workspace, and what it may do there: the permission snapshot of a member, narrowed
/// by the token's scopes when a token asks. An endpoint takes it as a parameter.
/// </summary>
/// <param name="Actor">The person's id, as it stands in events.</param>
/// <param name="HiddenProjects">Projects of the workspace that the person must not learn of; mostly empty.</param>
public sealed record Caller(
    TenantId Tenant,
    string Actor,
    Guid PersonId,
    PermissionSet Permissions,
    IReadOnlyList<Guid> HiddenProjects)
{
    /// <summary>The cookie session that asks, if one does.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>The API token that asks, if one does.</summary>
    public Guid? TokenId { get; init; }

    /// <summary>What the request's events say of their cause.</summary>
    public EventMetadata Metadata(HttpContext context) => new(
        Actor,
        context.TraceIdentifier,
        CausationId: null,
        System.Diagnostics.Activity.Current?.Id,
        TokenId is { } token ? new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = token.ToString("D") } : null);

    public bool Sees(Guid projectId) => HiddenProjects.Count == 0 || !HiddenProjects.Contains(projectId);

    /// <summary>For endpoints that declared a permission the caller is always there; an endpoint without one gets none.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>());
}

/// <summary>A person who is signed in, for endpoints that are about the person rather than a workspace.</summary>
/// <param name="SessionId">Null when an API token asks.</param>
public sealed record SignedInPerson(Guid PersonId, Guid? SessionId)
{
    public static ValueTask<SignedInPerson?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<SignedInPerson>());
}
