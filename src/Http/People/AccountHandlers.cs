using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.Http.Auth;
using Events.Http.Problems;
using Events.Platform.Tenancy;

namespace Events.Http.People;

/// <summary>Accounts: signing up, passwords, joining by invitation, erasure.</summary>
internal sealed class AccountHandlers(
    SignUps signUps,
    SignIns signIns,
    PasswordResets resets,
    PersonCommands people,
    PersonErasure erasure,
    SessionCommands sessions,
    Invitations invitations,
    AccessDirectory directory,
    PasswordHasher hasher,
    TimeProvider time)
{
    // Longer than the work of either answer, so that the clock does not tell which it was.
    private static readonly TimeSpan EvenTime = TimeSpan.FromMilliseconds(400);

    private static readonly Problem SignUpClosed = new(403, "sign_up_closed", "People join here by invitation.");
    private static readonly Problem WrongPassword = Problem.OfField(403, "wrong_password", "This is not your password.", "/password");

    public Task SignUpAsync(HttpContext http) => HashingAsync(http, async () =>
    {
        if (await http.BindAsync(NewAccount.Shape) is not { } account)
            return;
        if (!signUps.AreOpen)
        {
            await http.Response.WriteAsync(SignUpClosed);
            return;
        }
        var email = PersonRequest.ParseEmail(account.Email, out var problem);
        problem ??= PersonRequest.Weak(account.Password, email, "/password");
        if (problem is not null)
            await http.Response.WriteAsync(problem);
        else if (signUps.NeedConfirmation)
            await EvenlyAsync(http, () => signUps.RequestAsync(account.Name, email!.Value, account.Password, http.RequestAborted));
        else
            await SignInNewAsync(http, await signUps.SignUpAtOnceAsync(account.Name, email!.Value, account.Password, http.RequestAborted));
    });

    public async Task ConfirmAsync(HttpContext http)
    {
        if (await http.BindAsync(MailedLink.Shape) is not { } link)
            return;
        if (await signUps.ConfirmAsync(link.Token, http.RequestAborted) is { } confirmed)
            await SignInNewAsync(http, confirmed);
        else
            await http.Response.WriteAsync(PersonRequest.BadLink);
    }

    public async Task RequestResetAsync(HttpContext http)
    {
        if (await http.BindAsync(ResetRequest.Shape) is not { } request)
            return;
        if (PersonRequest.ParseEmail(request.Email, out var problem) is { } email)
            await EvenlyAsync(http, () => resets.RequestAsync(email, http.RequestAborted));
        else
            await http.Response.WriteAsync(problem!);
    }

    public Task ResetAsync(HttpContext http) => HashingAsync(http, async () =>
    {
        if (await http.BindAsync(Reset.Shape) is not { } reset)
            return;
        if (PersonRequest.Weak(reset.Password, null, "/password") is { } weak)
            await http.Response.WriteAsync(weak);
        else if (await resets.ResetAsync(reset.Token, reset.Password, http.RequestAborted) is not { } done)
            await http.Response.WriteAsync(PersonRequest.BadLink);
        else
            await SessionHandlers.AnswerAsync(http, done.Result);
    });

    /// <summary>Ends every session but gives this browser a new one.</summary>
    public Task ChangePasswordAsync(HttpContext http) => HashingAsync(http, async () =>
    {
        if (await http.BindAsync(PasswordChange.Shape) is not { } change)
            return;
        var signedIn = http.Features.Get<SignedInPerson>()!;
        if (PersonRequest.Weak(change.NewPassword, null, "/newPassword") is { } weak)
        {
            await http.Response.WriteAsync(weak);
            return;
        }
        if (!await signIns.IsPasswordAsync(signedIn.PersonId, change.CurrentPassword, http.RequestAborted))
        {
            await http.Response.WriteAsync(Problem.OfField(403, "wrong_password", "This is not your password.", "/currentPassword"));
            return;
        }
        var workspace = http.Features.Get<Caller>()?.Tenant;
        var result = await resets.ChangeAsync(signedIn.PersonId, change.NewPassword, http.RequestAborted);
        if (result is not CommandResult<PersonState>.Done done)
        {
            await http.Response.WriteAsync(Refusals.Of(result));
            return;
        }
        await SessionHandlers.GiveAsync(http, await sessions.StartAsync(
            signedIn.PersonId, done.State.Epoch, SignInMethod.Password, workspace is { } tenant ? Guid.ParseExact(tenant.Value, "D") : null, http.RequestAborted));
    });

    public async Task RenameAsync(HttpContext http)
    {
        if (await http.BindAsync(Profile.Shape) is { } profile)
            await SessionHandlers.AnswerAsync(http, await people.RenameAsync(http.Features.Get<SignedInPerson>()!.PersonId, profile.Name, http.RequestAborted));
    }

    public Task EraseAsync(HttpContext http) => HashingAsync(http, async () =>
    {
        if (await http.BindAsync(PasswordProof.Shape) is not { } proof)
            return;
        var personId = http.Features.Get<SignedInPerson>()!.PersonId;
        if (!await signIns.IsPasswordAsync(personId, proof.Password, http.RequestAborted))
        {
            await http.Response.WriteAsync(WrongPassword);
            return;
        }
        var result = await erasure.EraseAsync(personId, CancellationToken.None);
        if (result is CommandResult<PersonState>.Done)
            SessionCookie.Delete(http);
        await SessionHandlers.AnswerAsync(http, result);
    });

    public async Task ShowInvitationAsync(HttpContext http)
    {
        if (await http.BindAsync(MailedLink.Shape) is not { } link)
            return;
        if (await invitations.FindAsync(link.Token, http.RequestAborted) is not { } found)
        {
            await http.Response.WriteAsync(PersonRequest.BadLink);
            return;
        }
        await http.WriteJsonAsync(200, found, static (json, x) =>
        {
            json.WriteStartObject();
            json.WriteString("workspace"u8, x.Workspace);
            json.WriteString("email"u8, x.Email);
            json.WriteString("role"u8, Bodies.WireNames.Of<WorkspaceRole>().NameOf(x.Role));
            json.WriteEndObject();
        });
    }

    public async Task AcceptInvitationAsync(HttpContext http)
    {
        if (await http.BindAsync(MailedLink.Shape) is { } link)
            await SessionHandlers.AnswerAsync(http, await invitations.AcceptAsync(link.Token, http.Features.Get<SignedInPerson>()!.PersonId, http.RequestAborted));
    }

    /// <summary>A new account by an invitation: the mailed link proves the address.</summary>
    public Task JoinAsync(HttpContext http) => HashingAsync(http, async () =>
    {
        if (await http.BindAsync(JoiningAccount.Shape) is not { } account)
            return;
        if (await invitations.FindAsync(account.Token, http.RequestAborted) is not { } found || !EmailAddress.TryParse(found.Email, out var email))
        {
            await http.Response.WriteAsync(PersonRequest.BadLink);
            return;
        }
        if (PersonRequest.Weak(account.Password, email, "/password") is { } weak)
        {
            await http.Response.WriteAsync(weak);
            return;
        }
        var personId = Guid.CreateVersion7(time.GetUtcNow());
        var hash = await hasher.HashAsync(account.Password, http.RequestAborted);
        var signedUp = await people.SignUpAsync(new(personId, account.Name, email.Value, hash), http.RequestAborted);
        if (signedUp is CommandResult<PersonState>.Done)
        {
            var accepted = await invitations.AcceptAsync(account.Token, personId, http.RequestAborted);
            if (accepted is not CommandResult<WorkspaceState>.Done)
            {
                await http.Response.WriteAsync(Refusals.Of(accepted));
                return;
            }
        }
        await SignInNewAsync(http, (personId, signedUp));
    });

    /// <summary>Anybody leaves a workspace without asking; its last owner does not.</summary>
    public static async Task LeaveAsync(HttpContext http, WorkspaceCommands workspaces)
    {
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var workspaceId))
        {
            await http.Response.WriteAsync(Problem.NotFound("There is no such workspace."));
            return;
        }
        var personId = http.Features.Get<SignedInPerson>()!.PersonId;
        var context = new CommandContext(new TenantId(workspaceId), personId.ToString("D"));
        var result = await workspaces.RunAsync(context, new RemoveMember(personId, personId), _ => new(204, null, null, ReadOnlyMemory<byte>.Empty), http.RequestAborted);
        await SessionHandlers.AnswerAsync(http, result);
    }

    private async Task SignInNewAsync(HttpContext http, (Guid PersonId, CommandResult<PersonState> Result) made)
    {
        if (made.Result is not CommandResult<PersonState>.Done)
        {
            await http.Response.WriteAsync(Refusals.Of(made.Result));
            return;
        }
        var person = await directory.PersonAsync(made.PersonId, http.RequestAborted);
        var home = await signIns.HomeOfAsync(made.PersonId, person, null, http.RequestAborted);
        await SessionHandlers.GiveAsync(http, await sessions.StartAsync(made.PersonId, person.Epoch, SignInMethod.Mail, home, http.RequestAborted));
    }

    /// <summary>202 whatever happened, after the same time.</summary>
    private async Task EvenlyAsync(HttpContext http, Func<Task> work)
    {
        var over = Task.Delay(EvenTime, time, http.RequestAborted);
        await work();
        await over;
        http.Response.StatusCode = 202;
    }

    private static async Task HashingAsync(HttpContext http, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (PasswordHasherBusyException)
        {
            await http.Response.WriteAsync(PersonRequest.Busy);
        }
    }
}
