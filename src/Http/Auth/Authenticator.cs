using Events.Commands.Access;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.Platform.Tenancy;

namespace Events.Http.Auth;

/// <summary>From a bearer token or a session cookie to who asks. In the usual case nothing is awaited and nothing allocated.</summary>
internal sealed class Authenticator(
    AccessDirectory directory,
    ApiTokenSecrets tokenSecrets,
    SessionSecrets sessionSecrets,
    Operators operators,
    TokenUse tokenUse,
    TimeProvider time)
{
    /// <summary>Names the workspace of one request of a person who is in several.</summary>
    public const string WorkspaceHeader = "Events-Workspace";

    private const string Scheme = "Bearer ";

    private readonly SecretCache<KnownToken> tokens = new();
    private readonly SecretCache<KnownSession> sessions = new();

    public ValueTask<Identity> IdentifyAsync(HttpContext http)
    {
        var authorization = http.Request.Headers.Authorization;
        if (authorization.Count == 1 && authorization[0] is { } header)
        {
            // With a bearer token the cookie is not looked at: one request has one set of credentials.
            var secret = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header.AsSpan(Scheme.Length).Trim() : default;
            return LooksLike(secret, TokenSecret.ApiToken) ? OfTokenAsync(SecretHash.Of(secret), http.RequestAborted) : new(Identity.Nobody);
        }
        if (authorization.Count > 1)
            return new(Identity.Nobody);
        return SessionCookie.Read(http.Request) is { } cookie && LooksLike(cookie, TokenSecret.Session)
            ? OfSessionAsync(SecretHash.Of(cookie), http)
            : new(Identity.Nobody);
    }

    private async ValueTask<Identity> OfTokenAsync(SecretHash hash, CancellationToken ct)
    {
        if (!tokens.TryGet(hash, out var known))
        {
            if (await tokenSecrets.FindAsync(hash.ToBytes(), ct) is not var (tenant, tokenId))
                return Identity.Nobody;
            known = tokens.Add(hash, new(tenant, tokenId));
        }
        var workspace = await directory.WorkspaceAsync(known!.Tenant, ct);
        if (!workspace.Tokens.TryGetValue(known.TokenId, out var token))
        {
            // Made a moment ago through another process, perhaps: one look at the store before the refusal.
            workspace = await directory.NewestWorkspaceAsync(known.Tenant, ct);
            if (!workspace.Tokens.TryGetValue(known.TokenId, out token))
                return new Identity.Stranger(known.Tenant);
        }

        var person = await directory.PersonAsync(token.PersonId, ct);
        if (Caller() is not { } caller)
        {
            // The same for who joined, or came back, a moment ago.
            workspace = await directory.NewestWorkspaceAsync(known.Tenant, ct);
            person = await directory.NewestPersonAsync(token.PersonId, ct);
            if (Caller() is not { } admitted)
                return new Identity.Stranger(known.Tenant);
            caller = admitted;
        }

        tokenUse.Mark(known.Tenant, known.TokenId);
        return new Identity.Program(caller);

        Caller? Caller() => known.CallerFrom(workspace, person, operators.ExtraOf(token.PersonId, person), time.GetUtcNow());
    }

    private async ValueTask<Identity> OfSessionAsync(SecretHash hash, HttpContext http)
    {
        var ct = http.RequestAborted;
        if (!sessions.TryGet(hash, out var known))
        {
            if (await sessionSecrets.FindAsync(hash.ToBytes(), ct) is not { } sessionId)
                return Identity.Nobody;
            known = sessions.Add(hash, new(sessionId));
        }
        var session = await directory.SessionAsync(known!.SessionId, ct);
        var person = await directory.PersonAsync(session.PersonId, ct);
        if (!session.IsLive(person, time.GetUtcNow()))
        {
            // Signed in a moment ago through another process, perhaps, right after a new password that this one has not heard of: one
            // look at the store before the refusal. The person second, so as not to be older than what the session was begun for.
            session = await directory.NewestSessionAsync(known.SessionId, ct);
            person = await directory.NewestPersonAsync(session.PersonId, ct);
            if (!session.IsLive(person, time.GetUtcNow()))
                return Identity.Nobody;
        }

        var signedIn = new SignedInPerson(session.PersonId, known.SessionId);
        return new Identity.Person(signedIn, await CallerOfAsync(session, person, known.SessionId, http, ct));
    }

    private async ValueTask<Caller?> CallerOfAsync(SessionState session, PersonState person, Guid sessionId, HttpContext http, CancellationToken ct)
    {
        var wanted = session.WorkspaceId;
        var named = http.Request.Headers[WorkspaceHeader];
        if (named.Count > 0)
            wanted = named.Count == 1 && Guid.TryParseExact(named[0], "D", out var id) ? id : null;
        if (wanted is not { } workspaceId)
            return null;
        var tenant = new TenantId(workspaceId);
        var workspace = await directory.WorkspaceAsync(tenant, ct);
        if ((workspace.RoleOf(session.PersonId) ?? (workspace = await directory.NewestWorkspaceAsync(tenant, ct)).RoleOf(session.PersonId)) is not { } role)
            return null;
        var permissions = RolePermissions.Of(role).Or(operators.ExtraOf(session.PersonId, person));
        return new(tenant, session.PersonId.ToString("D"), session.PersonId, permissions, workspace.HiddenFrom(session.PersonId)) { SessionId = sessionId };
    }

    private static bool LooksLike(ReadOnlySpan<char> secret, string prefix) =>
        secret.Length <= TokenSecret.MaxLength && secret.StartsWith(prefix, StringComparison.Ordinal);
}
