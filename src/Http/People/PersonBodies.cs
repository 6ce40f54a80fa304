using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.Http.Bodies;

namespace Events.Http.People;

public sealed class Credentials
{
    public string Email { get; set; } = "";

    public string Password { get; set; } = "";

    public Guid? WorkspaceId { get; set; }

    public static BodyShape<Credentials> Shape { get; } = new BodyShape<Credentials>
    {
        Example = """{"email":"mia@example.com","password":"correct horse battery"}""",
    }
        .Text("email", (c, v) => c.Email = v!, EmailAddress.MaxLength, required: true)
        .Text("password", (c, v) => c.Password = v!, PasswordRules.MaxLength, required: true)
        .Id("workspaceId", (c, v) => c.WorkspaceId = v, nullable: true);
}

public sealed class WorkspaceChoice
{
    public Guid WorkspaceId { get; set; }

    public static BodyShape<WorkspaceChoice> Shape { get; } = new BodyShape<WorkspaceChoice>
    {
        Example = """{"workspaceId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f"}""",
    }
        .Id("workspaceId", (c, v) => c.WorkspaceId = v!.Value, required: true);
}

public sealed class NewAccount
{
    public string Name { get; set; } = "";

    public string Email { get; set; } = "";

    public string Password { get; set; } = "";

    public static BodyShape<NewAccount> Shape { get; } = new BodyShape<NewAccount>
    {
        Example = """{"name":"Mia Miller","email":"mia@example.com","password":"correct horse battery"}""",
    }
        .Text("name", (a, v) => a.Name = v!, WorkspaceLimits.Name, required: true)
        .Text("email", (a, v) => a.Email = v!, EmailAddress.MaxLength, required: true)
        .Text("password", (a, v) => a.Password = v!, PasswordRules.MaxLength, required: true);
}

public sealed class MailedLink
{
    public string Token { get; set; } = "";

    public static BodyShape<MailedLink> Shape { get; } = new BodyShape<MailedLink>
    {
        Example = """{"token":"evm_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"}""",
    }
        .Text("token", (l, v) => l.Token = v!, TokenSecret.MaxLength, required: true);
}

public sealed class ResetRequest
{
    public string Email { get; set; } = "";

    public static BodyShape<ResetRequest> Shape { get; } = new BodyShape<ResetRequest> { Example = """{"email":"mia@example.com"}""" }
        .Text("email", (r, v) => r.Email = v!, EmailAddress.MaxLength, required: true);
}

public sealed class Reset
{
    public string Token { get; set; } = "";

    public string Password { get; set; } = "";

    public static BodyShape<Reset> Shape { get; } = new BodyShape<Reset>
    {
        Example = """{"token":"evm_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG","password":"another horse battery"}""",
    }
        .Text("token", (r, v) => r.Token = v!, TokenSecret.MaxLength, required: true)
        .Text("password", (r, v) => r.Password = v!, PasswordRules.MaxLength, required: true);
}

public sealed class PasswordChange
{
    public string CurrentPassword { get; set; } = "";

    public string NewPassword { get; set; } = "";

    public static BodyShape<PasswordChange> Shape { get; } = new BodyShape<PasswordChange>
    {
        Example = """{"currentPassword":"correct horse battery","newPassword":"another horse battery"}""",
    }
        .Text("currentPassword", (c, v) => c.CurrentPassword = v!, PasswordRules.MaxLength, required: true)
        .Text("newPassword", (c, v) => c.NewPassword = v!, PasswordRules.MaxLength, required: true);
}

public sealed class Profile
{
    public string Name { get; set; } = "";

    public static BodyShape<Profile> Shape { get; } = new BodyShape<Profile> { Example = """{"name":"Mia Meier"}""" }
        .Text("name", (p, v) => p.Name = v!, WorkspaceLimits.Name, required: true);
}

public sealed class PasswordProof
{
    public string Password { get; set; } = "";

    public static BodyShape<PasswordProof> Shape { get; } = new BodyShape<PasswordProof> { Example = """{"password":"correct horse battery"}""" }
        .Text("password", (p, v) => p.Password = v!, PasswordRules.MaxLength, required: true);
}

public sealed class JoiningAccount
{
    public string Token { get; set; } = "";

    public string Name { get; set; } = "";

    public string Password { get; set; } = "";

    public static BodyShape<JoiningAccount> Shape { get; } = new BodyShape<JoiningAccount>
    {
        Example = """{"token":"evm_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG","name":"Gus","password":"correct horse battery"}""",
    }
        .Text("token", (a, v) => a.Token = v!, TokenSecret.MaxLength, required: true)
        .Text("name", (a, v) => a.Name = v!, WorkspaceLimits.Name, required: true)
        .Text("password", (a, v) => a.Password = v!, PasswordRules.MaxLength, required: true);
}
