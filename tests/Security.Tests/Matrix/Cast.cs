using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Security.Tests.Hosting;

namespace Events.Security.Tests.Matrix;

/// <summary>Everybody who tries: a workspace with a member of each role, another workspace, and all kinds of credentials that must not work.</summary>
internal sealed class Cast(Service service)
{
    /// <summary>In every text of the first workspace; whoever is not in it must never be shown it.</summary>
    public const string Marker = "zebra-7f3a";

    /// <summary>In every text of the first workspace's restricted project.</summary>
    public const string HiddenMarker = "okapi-91bd";

    public Guid WorkspaceId { get; private set; }

    public TenantId Tenant => new(WorkspaceId);

    public Guid OwnerId { get; private set; }

    public Guid OutsiderId { get; private set; }

    public Dictionary<WorkspaceRole, Guid> People { get; } = [];

    public Dictionary<WorkspaceRole, Credential> Tokens { get; } = [];

    public Credential Stranger { get; private set; } = null!;

    public Credential StrangersSession { get; private set; } = null!;

    /// <summary>Credentials that must be answered 401, whatever they are sent to.</summary>
    public List<Credential> Dead { get; } = [];

    public Credential Unscoped { get; private set; } = null!;

    public async Task<Cast> AssembleAsync()
    {
        var founded = await service.FoundAsync(Marker);
        (WorkspaceId, OwnerId) = (founded.WorkspaceId, founded.PersonId);
        People[WorkspaceRole.Owner] = OwnerId;
        Tokens[WorkspaceRole.Owner] = Credential.OfToken("owner", founded.Token!);
        foreach (var role in (WorkspaceRole[])[WorkspaceRole.Admin, WorkspaceRole.Member, WorkspaceRole.Viewer])
            Tokens[role] = Credential.OfToken(Name(role), await TokenAsync(People[role] = await JoinAsync(role), RolePermissions.Of(WorkspaceRole.Owner)));

        var other = await service.FoundAsync("other");
        OutsiderId = other.PersonId;
        Stranger = Credential.OfToken("owner of another workspace", other.Token!);
        StrangersSession = await SessionAsync("session in another workspace", other.PersonId, other.WorkspaceId);
        Unscoped = Credential.OfToken("token without scopes", await TokenAsync(OwnerId, PermissionSet.None));
        await KillAsync();
        return this;
    }

    public async Task<Credential> SessionAsync(string kind, Guid personId, Guid? workspaceId)
    {
        var person = await service.Get<AccessDirectory>().PersonAsync(personId, CancellationToken.None);
        var session = await service.Get<SessionCommands>().StartAsync(personId, person.Epoch, SignInMethod.Password, workspaceId, CancellationToken.None);
        return Credential.OfSession(kind, session.Secret);
    }

    public async Task<Guid> JoinAsync(WorkspaceRole role)
    {
        var personId = await service.NewPersonAsync($"{Marker} {role}");
        await service.Get<PersonCommands>().EnterWorkspaceAsync(personId, WorkspaceId, CancellationToken.None);
        await AppendAsync(new MemberJoined(personId, role, null));
        return personId;
    }

    private async Task KillAsync()
    {
        Dead.Add(Credential.None);
        Dead.Add(Credential.OfToken("made-up token", TokenSecret.New(TokenSecret.ApiToken)));
        Dead.Add(Credential.OfSession("made-up session", TokenSecret.New(TokenSecret.Session)));

        var expired = TokenSecret.New(TokenSecret.ApiToken);
        await IssueAsync(expired, OwnerId, DateTimeOffset.UtcNow.AddSeconds(-1));
        Dead.Add(Credential.OfToken("expired token", expired));

        var revoked = TokenSecret.New(TokenSecret.ApiToken);
        var tokenId = await IssueAsync(revoked, OwnerId, DateTimeOffset.UtcNow.AddDays(1));
        await service.Get<WorkspaceCommands>().RunAsync(Context, new RevokeApiToken(tokenId, OwnerId), NoAnswer, CancellationToken.None);
        Dead.Add(Credential.OfToken("revoked token", revoked));

        var gone = await JoinAsync(WorkspaceRole.Admin);
        var left = await TokenAsync(gone, RolePermissions.Of(WorkspaceRole.Admin));
        await service.Get<WorkspaceCommands>().RunAsync(Context, new RemoveMember(gone, OwnerId), NoAnswer, CancellationToken.None);
        Dead.Add(Credential.OfToken("token of a removed member", left));

        var erased = await JoinAsync(WorkspaceRole.Admin);
        var orphan = await TokenAsync(erased, RolePermissions.Of(WorkspaceRole.Admin));
        var orphanSession = await SessionAsync("session of an erased person", erased, WorkspaceId);
        await service.Get<PersonErasure>().EraseAsync(erased, CancellationToken.None);
        Dead.Add(Credential.OfToken("token of an erased person", orphan));
        Dead.Add(orphanSession);

        var signedOut = await SessionAsync("ended session", OwnerId, WorkspaceId);
        var sessionId = (await service.Get<SessionSecrets>().FindAsync(TokenSecret.Hash(signedOut.Cookie!), CancellationToken.None))!.Value;
        await service.Get<SessionCommands>().EndAsync(new CommandContext(PeopleTenant.Id, "test"), sessionId, CancellationToken.None);
        Dead.Add(signedOut);

        var everywhere = await JoinAsync(WorkspaceRole.Admin);
        var before = await SessionAsync("session from before signing out everywhere", everywhere, WorkspaceId);
        await service.Get<PersonCommands>().SignOutEverywhereAsync(everywhere, CancellationToken.None);
        Dead.Add(before);
    }

    public Task<string> TokenAsync(Guid personId, PermissionSet scopes) =>
        service.Get<Founding>().IssueTokenAsync(WorkspaceId, personId, $"{Marker} token", scopes, CancellationToken.None);

    // Past the decider, which makes no token that has expired already.
    private async Task<Guid> IssueAsync(string secret, Guid personId, DateTimeOffset expiresAt)
    {
        var tokenId = Guid.CreateVersion7();
        await using var command = service.Database.DataSource.CreateCommand("insert into api_tokens (hash, tenant_id, token_id) values ($1, $2, $3)");
        command.Parameters.Add(new() { Value = TokenSecret.Hash(secret) });
        command.Parameters.Add(new() { Value = Tenant.Value });
        command.Parameters.Add(new() { Value = tokenId });
        await command.ExecuteNonQueryAsync();
        await AppendAsync(new ApiTokenIssued(tokenId, personId, "short", [.. RolePermissions.Of(WorkspaceRole.Owner).Names], expiresAt));
        return tokenId;
    }

    private async Task AppendAsync(object happened)
    {
        var unit = new UnitOfWork(Tenant, [new(WorkspaceId, WorkspaceState.StreamType, ExpectedVersion.Any, [happened])]);
        if (await service.Get<EventAppender>().AppendAsync(unit, CancellationToken.None) is not AppendOutcome.Appended)
            throw new InvalidOperationException("The cast could not be assembled.");
        service.Get<AggregateLoader<WorkspaceState>>().Forget(Tenant, WorkspaceId);
        service.Get<AccessDirectory>().Forget(Tenant, WorkspaceId);
    }

    private CommandContext Context => new(Tenant, OwnerId.ToString("D"));

    private static string Name(WorkspaceRole role) => role.ToString().ToLowerInvariant();

    private static StoredAnswer NoAnswer(CommandResult<WorkspaceState>.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);
}
