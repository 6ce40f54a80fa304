using Events.Http.Auth;
using Events.Http.Describing;
using Events.Http.Limiting;

namespace Events.Http.People;

internal static class PersonEndpoints
{
    private const string Sessions = "Sessions";
    private const string People = "People";
    private const string SessionExample =
        """{"personId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","expiresAt":"2026-12-21T09:30:00Z"}""";

    public static IServiceCollection AddPersonHandlers(this IServiceCollection services) =>
        services.AddSingleton<SessionHandlers>().AddSingleton<AccountHandlers>();

    public static void MapPeople(this IEndpointRouteBuilder api)
    {
        var sessions = api.ServiceProvider.GetRequiredService<SessionHandlers>();
        api.MapPost("/session", sessions.SignInAsync).AllowAnybody("One signs in here.").CountAsCredentials().Describe(new("signIn", Sessions, "Sign in")
        {
            Description = "Sets the session's cookie. Every refusal says and takes the same.",
            Repeated = "its answer is a secret, which is never stored; a repeat starts one more session.",
            Body = Credentials.Shape,
            Status = 201,
            Example = SessionExample,
        });
        api.MapGet("/session", sessions.ShowAsync).RequireSignedIn().Describe(new("getSession", Sessions, "Who one is, and what one may do")
        {
            Example = """{"personId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","name":"Mia Miller","email":"mia@example.com","workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","permissions":["tasks:read","tasks:write"],"expiresAt":"2026-12-21T09:30:00Z"}""",
        });
        api.MapGet("/me", sessions.ShowAsync).RequireSignedIn().Describe(new("getMe", People, "Who one is")
        {
            Example = """{"personId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","name":"Mia Miller","email":"mia@example.com","workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","permissions":["tasks:read","tasks:write"],"expiresAt":"2026-12-21T09:30:00Z"}""",
        });
        api.MapPatch("/session", sessions.SwitchAsync).RequireSignedIn().Describe(new("switchWorkspace", Sessions, "Switch to another workspace")
        {
            Description = "For one request only, send `Events-Workspace: <id>` instead.",
            Body = WorkspaceChoice.Shape,
            Status = 204,
        });
        api.MapDelete("/session", sessions.SignOutAsync).RequireSignedIn().Describe(new("signOut", Sessions, "Sign out") { Status = 204 });
        api.MapDelete("/me/sessions", sessions.SignOutEverywhereAsync).RequireSignedIn().Describe(new("signOutEverywhere", Sessions, "Sign out everywhere") { Status = 204 });
        MapAccounts(api, api.ServiceProvider.GetRequiredService<AccountHandlers>());
    }

    private static void MapAccounts(IEndpointRouteBuilder api, AccountHandlers accounts)
    {
        api.MapPost("/people", accounts.SignUpAsync).AllowAnybody("One signs up here.").CountAsCredentials().Describe(new("signUp", People, "Sign up")
        {
            Description = "202: a mail to the address ends it, and the answer is the same when there is an account already. 201 with a session where the installation does not ask for confirmation.",
            Repeated = "a repeat sends one more mail, or is told that the address is taken.",
            Body = NewAccount.Shape,
            Status = 202,
        });
        api.MapPost("/people/confirmations", accounts.ConfirmAsync).AllowAnybody("The mailed link is the proof.").CountAsCredentials().Describe(new("confirmSignUp", People, "End a sign-up by the mailed link")
        {
            Body = MailedLink.Shape,
            Repeated = "the link works once, and a repeat is refused as used.",
            Status = 201,
            Example = SessionExample,
        });
        api.MapPost("/password-resets", accounts.RequestResetAsync).AllowAnybody("Who forgot the password cannot sign in.").CountAsCredentials().Describe(new("requestPasswordReset", People, "Ask for a mail to set a new password")
        {
            Description = "The same answer, after the same time, whether the address is known or not.",
            Body = ResetRequest.Shape,
            Repeated = "a repeat sends one more mail.",
            Status = 202,
        });
        api.MapPost("/password-resets/completions", accounts.ResetAsync).AllowAnybody("The mailed link is the proof.").CountAsCredentials().Describe(new("resetPassword", People, "Set a new password by the mailed link")
        {
            Description = "Ends every session.",
            Body = Reset.Shape,
            Repeated = "the link works once, and a repeat is refused as used.",
            Status = 204,
        });
        api.MapPut("/me/password", accounts.ChangePasswordAsync).RequireSignedIn().CountAsCredentials().Describe(new("changePassword", People, "Change one's password")
        {
            Description = "Ends every other session.",
            Body = PasswordChange.Shape,
            Status = 201,
            Example = SessionExample,
        });
        api.MapPatch("/me", accounts.RenameAsync).RequireSignedIn().Describe(new("changeMe", People, "Change one's name") { Body = Profile.Shape, Status = 204 });
        api.MapPost("/me/erasure", accounts.EraseAsync).RequireSignedIn().CountAsCredentials().Describe(new("eraseMe", People, "Erase oneself")
        {
            Description = "Destroys the key under which name and address are sealed in the history: what one did stays, who one was cannot be read again. There is no way back.",
            Body = PasswordProof.Shape,
            Repeated = "it happens once, and ends the session that could ask again.",
            Status = 204,
        });
        api.MapPost("/invitations/previews", accounts.ShowInvitationAsync).AllowAnybody("The mailed link is the proof.").CountAsCredentials().Describe(new("previewInvitation", People, "See where a mailed invitation leads")
        {
            Body = MailedLink.Shape,
            Repeated = "it changes nothing.",
            Example = """{"workspace":"Acme","email":"gus@example.com","role":"member"}""",
        });
        api.MapPost("/invitations/acceptances", accounts.AcceptInvitationAsync).RequireSignedIn().CountAsCredentials().Describe(new("acceptInvitation", People, "Join a workspace by a mailed invitation")
        {
            Body = MailedLink.Shape,
            Repeated = "the link works once, and a repeat is refused as used.",
            Status = 204,
        });
        api.MapPost("/invitations/joinings", accounts.JoinAsync).AllowAnybody("The mailed link is the proof.").CountAsCredentials().Describe(new("joinByInvitation", People, "Sign up by a mailed invitation")
        {
            Body = JoiningAccount.Shape,
            Repeated = "the link works once, and a repeat is refused as used.",
            Status = 201,
            Example = SessionExample,
        });
        api.MapDelete("/me/workspaces/{id}", AccountHandlers.LeaveAsync).RequireSignedIn().Describe(new("leaveWorkspace", People, "Leave a workspace") { Status = 204 });
    }
}
