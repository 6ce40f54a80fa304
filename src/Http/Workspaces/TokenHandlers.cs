using System.Text.Json;
using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Http.Tasks;

namespace Events.Http.Workspaces;

/// <summary>API tokens: made, listed and revoked; the secret is in one answer and nowhere else.</summary>
internal sealed class TokenHandlers(
    CommandRunner runner, WorkspaceCommands workspaces, ApiTokenSecrets secrets, AccessDirectory directory, CursorSigner signer, TimeProvider time)
{
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(90);

    /// <summary>One's own; admins and owners see everybody's.</summary>
    public async Task ListAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var workspace = await directory.WorkspaceAsync(caller.Tenant, http.RequestAborted);
        var all = caller.Permissions.Holds(Permission.MembersWrite);
        await http.WriteStatePageAsync(
            caller.Tenant,
            $"tokens/{(all ? "all" : caller.Actor)}",
            signer,
            workspace.Tokens.Values.Where(token => all || token.PersonId == caller.PersonId),
            token => token.Id,
            async page => await secrets.LastUsedAsync(caller.Tenant, [.. page.Select(token => token.Id)], http.RequestAborted),
            static (json, token, used) =>
            {
                json.WriteStartObject();
                Write(json, token);
                if (used.TryGetValue(token.Id, out var at))
                    json.WriteString("lastUsedAt"u8, at.UtcDateTime);
                else
                    json.WriteNull("lastUsedAt"u8);
                json.WriteEndObject();
            });
    }

    public Task IssueAsync(HttpContext http)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var secret = TokenSecret.New(TokenSecret.ApiToken);
        return runner.RunAsync<NewToken, WorkspaceState>(
            http,
            NewToken.Shape,
            (body, context, caller) =>
            {
                var command = new IssueApiToken(id, caller.PersonId, body.Name, body.Scopes ?? [], (body.ExpiresAt ?? time.GetUtcNow() + DefaultLifetime).ToUniversalTime());
                // What is kept under the idempotency key has no secret: a repeat is answered without it.
                return workspaces.RunAsync(context, command, TokenSecret.Hash(secret), caller.Permissions, done => Created(done, id, null), CancellationToken.None);
            },
            (_, done) => Created(done, id, secret));
    }

    public Task RevokeAsync(HttpContext http) =>
        Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id)
            ? runner.RunAsync<NoBody, WorkspaceState>(
                http,
                NoBody.Shape,
                (_, context, caller) => workspaces.RunAsync(context, new RevokeApiToken(id, caller.PersonId), NoContent, CancellationToken.None),
                (_, done) => NoContent(done),
                emptyIsObject: true)
            : http.Response.WriteAsync(Problem.NotFound("There is no such token."));

    private static StoredAnswer Created(CommandResult<WorkspaceState>.Done done, Guid id, string? secret) => new(
        201,
        $"/api/v1/tokens/{id}",
        null,
        JsonBytes.Render((Token: done.State.Tokens[id], secret), static (json, x) =>
        {
            json.WriteStartObject();
            Write(json, x.Token);
            if (x.secret is not null)
                json.WriteString("token"u8, x.secret);
            json.WriteEndObject();
        }));

    private static void Write(Utf8JsonWriter json, ApiToken token)
    {
        json.WriteString("id"u8, token.Id);
        json.WriteString("personId"u8, token.PersonId);
        json.WriteString("name"u8, token.Name);
        json.WriteStartArray("scopes"u8);
        foreach (var scope in token.Scopes)
            json.WriteStringValue(scope);
        json.WriteEndArray();
        json.WriteString("expiresAt"u8, token.ExpiresAt.UtcDateTime);
    }

    private static StoredAnswer NoContent(CommandResult<WorkspaceState>.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);
}
