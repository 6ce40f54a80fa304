using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Commands.Access;

/// <summary>
/// People, sessions and workspaces as every request's permission check needs them: from memory, never older than
/// <see cref="StateCache{TState}.Trusted"/>, mostly milliseconds.
/// </summary>
public sealed class AccessDirectory
{
    private readonly StateCache<PersonState> people;
    private readonly StateCache<SessionState> sessions;
    private readonly StateCache<WorkspaceState> workspaces;
    private readonly SubjectKeys keys;

    public AccessDirectory(EventReader events, NpgsqlDataSource database, SubjectKeys keys, TimeProvider time)
    {
        var versions = new StreamVersions(database);
        people = new(IdentityAggregates.Person, events, versions, time);
        sessions = new(IdentityAggregates.Session, events, versions, time);
        workspaces = new(IdentityAggregates.Workspace, events, versions, time);
        this.keys = keys;
    }

    public ValueTask<PersonState> PersonAsync(Guid personId, CancellationToken ct) => people.GetAsync(PeopleTenant.Id, personId, ct);

    public ValueTask<SessionState> SessionAsync(Guid sessionId, CancellationToken ct) => sessions.GetAsync(PeopleTenant.Id, sessionId, ct);

    public ValueTask<WorkspaceState> WorkspaceAsync(TenantId tenant, CancellationToken ct) =>
        Guid.TryParse(tenant.Value, out var id) ? workspaces.GetAsync(tenant, id, ct) : new(WorkspaceState.Initial);

    /// <summary>With the version of its stream.</summary>
    public ValueTask<(WorkspaceState State, long Version)> VersionedWorkspaceAsync(TenantId tenant, CancellationToken ct) =>
        Guid.TryParse(tenant.Value, out var id) ? workspaces.GetWithVersionAsync(tenant, id, ct) : new((WorkspaceState.Initial, 0));

    /// <summary>Compared with the store now, however young what is in memory: asked before a refusal.</summary>
    public async Task<WorkspaceState> NewestWorkspaceAsync(TenantId tenant, CancellationToken ct) =>
        Guid.TryParse(tenant.Value, out var id) ? await workspaces.GetNewestAsync(tenant, id, ct) : WorkspaceState.Initial;

    /// <inheritdoc cref="NewestWorkspaceAsync"/>
    public Task<PersonState> NewestPersonAsync(Guid personId, CancellationToken ct) => people.GetNewestAsync(PeopleTenant.Id, personId, ct);

    /// <inheritdoc cref="NewestWorkspaceAsync"/>
    public Task<SessionState> NewestSessionAsync(Guid sessionId, CancellationToken ct) => sessions.GetNewestAsync(PeopleTenant.Id, sessionId, ct);

    public void Apply(RecordedEvent recorded)
    {
        if (recorded.Tenant != PeopleTenant.Id)
        {
            workspaces.Apply(recorded);
            return;
        }
        people.Apply(recorded);
        sessions.Apply(recorded);
        if (recorded.Body is PersonErased)
            keys.Forget(recorded.StreamId);
    }

    public void Forget(TenantId tenant, Guid streamId)
    {
        people.Forget(tenant, streamId);
        sessions.Forget(tenant, streamId);
        workspaces.Forget(tenant, streamId);
    }

    public async Task VerifyAsync(CancellationToken ct)
    {
        await people.VerifyAsync(ct);
        await sessions.VerifyAsync(ct);
        await workspaces.VerifyAsync(ct);
    }
}
