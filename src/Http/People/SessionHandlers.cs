using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Platform.Tenancy;

namespace Events.Http.People;

/// <summary>Signing in and out, and which workspace a session is about.</summary>
internal sealed class SessionHandlers(
    SignIns signIns, SessionCommands sessions, PersonCommands people, AccessDirectory directory, SignInGuard guard, IdentifierIndex index, SubjectKeys keys)
{
    // One text for a stranger, a wrong password and an erased person.
    private static readonly Problem WrongCredentials = new(401, "wrong_credentials", "Address and password do not belong together.");

    public async Task SignInAsync(HttpContext http)
    {
        if (await http.BindAsync(Credentials.Shape) is not { } credentials)
            return;
        if (PersonRequest.ParseEmail(credentials.Email, out var problem) is not { } email)
        {
            await http.Response.WriteAsync(problem!);
            return;
        }
        var account = index.OfEmail(email.Value);
        if (guard.Check(http, account) is { } tooMany)
        {
            await http.Response.WriteAsync(tooMany);
            return;
        }
        StartedSession? session;
        try
        {
            session = await signIns.SignInAsync(email, credentials.Password, credentials.WorkspaceId, http.RequestAborted);
        }
        catch (PasswordHasherBusyException)
        {
            await http.Response.WriteAsync(PersonRequest.Busy);
            return;
        }
        AccessTelemetry.CountSignIn(session is not null);
        if (session is null)
        {
            guard.CountFailure(http, account);
            await http.Response.WriteAsync(WrongCredentials);
            return;
        }
        guard.Remember(http, account);
        await GiveAsync(http, session);
    }

    /// <summary>The cookie and what it is for.</summary>
    public static Task GiveAsync(HttpContext http, StartedSession session)
    {
        SessionCookie.Write(http, session.Secret, session.ExpiresAt);
        http.Features.Set(new AuditSubject(session.PersonId, session.WorkspaceId is { } workspace ? new TenantId(workspace) : null));
        http.Response.Headers.Location = "/api/v1/session";
        return http.WriteJsonAsync(201, session, static (json, s) =>
        {
            json.WriteStartObject();
            json.WriteString("personId"u8, s.PersonId);
            if (s.WorkspaceId is { } workspaceId)
                json.WriteString("workspaceId"u8, workspaceId);
            else
                json.WriteNull("workspaceId"u8);
            json.WriteString("expiresAt"u8, s.ExpiresAt.UtcDateTime);
            json.WriteEndObject();
        });
    }

    public async Task ShowAsync(HttpContext http)
    {
        var signedIn = http.Features.Get<SignedInPerson>()!;
        var person = await directory.PersonAsync(signedIn.PersonId, http.RequestAborted);
        var session = await directory.SessionAsync(signedIn.SessionId!.Value, http.RequestAborted);
        var texts = await keys.OpenAllAsync([.. new[] { person.Name, person.Email }.OfType<SealedText>()], http.RequestAborted);
        var caller = http.Features.Get<Caller>();
        var shown = JsonBytes.Render((signedIn, person, session, texts, caller), static (json, x) =>
        {
            json.WriteStartObject();
            json.WriteString("personId"u8, x.signedIn.PersonId);
            json.WriteString("name"u8, x.person.Name is { } name ? x.texts.GetValueOrDefault(name) : null);
            json.WriteString("email"u8, x.person.Email is { } email ? x.texts.GetValueOrDefault(email) : null);
            if (x.caller is null)
                json.WriteNull("workspaceId"u8);
            else
                json.WriteString("workspaceId"u8, x.caller.Tenant.Value);
            json.WriteStartArray("permissions"u8);
            foreach (var permission in x.caller?.Permissions.Names ?? [])
                json.WriteStringValue(permission);
            json.WriteEndArray();
            json.WriteString("expiresAt"u8, x.session.ExpiresAt.UtcDateTime);
            json.WriteEndObject();
        });
        await http.WriteDocumentAsync(shown, ContentHash.TagOf(shown));
    }

    public async Task SwitchAsync(HttpContext http)
    {
        if (await http.BindAsync(WorkspaceChoice.Shape) is not { } choice)
            return;
        var signedIn = http.Features.Get<SignedInPerson>()!;
        var result = await sessions.SwitchAsync(
            ContextOf(signedIn), signedIn.SessionId!.Value, signedIn.PersonId, new(choice.WorkspaceId), http.RequestAborted);
        await AnswerAsync(http, result);
    }

    public async Task SignOutAsync(HttpContext http)
    {
        var signedIn = http.Features.Get<SignedInPerson>()!;
        var result = await sessions.EndAsync(ContextOf(signedIn), signedIn.SessionId!.Value, http.RequestAborted);
        SessionCookie.Delete(http);
        await AnswerAsync(http, result);
    }

    public async Task SignOutEverywhereAsync(HttpContext http)
    {
        var result = await people.SignOutEverywhereAsync(http.Features.Get<SignedInPerson>()!.PersonId, http.RequestAborted);
        SessionCookie.Delete(http);
        await AnswerAsync(http, result);
    }

    public static Task AnswerAsync<TState>(HttpContext http, CommandResult<TState> result)
    {
        if (result is not CommandResult<TState>.Done)
            return http.Response.WriteAsync(Refusals.Of(result));
        http.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private static CommandContext ContextOf(SignedInPerson person) => new(PeopleTenant.Id, person.PersonId.ToString("D"))
    {
        TraceParent = System.Diagnostics.Activity.Current?.Id,
    };
}
