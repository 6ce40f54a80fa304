using System.Text.RegularExpressions;
using Events.Commands.Deciding;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.Http.Bodies;

namespace Events.Http.Workspaces;

public sealed class NewWorkspace
{
    public string Name { get; set; } = "";

    public static BodyShape<NewWorkspace> Shape { get; } = new BodyShape<NewWorkspace> { Example = """{"name":"Acme"}""" }
        .Text("name", (w, v) => w.Name = v!, WorkspaceLimits.Name, required: true);
}

public sealed class NewInvitation
{
    public string Email { get; set; } = "";

    public WorkspaceRole Role { get; set; } = WorkspaceRole.Member;

    public static BodyShape<NewInvitation> Shape { get; } = new BodyShape<NewInvitation> { Example = """{"email":"gus@example.com","role":"member"}""" }
        .Text("email", (i, v) => i.Email = v!, EmailAddress.MaxLength, required: true)
        .Choice<WorkspaceRole>("role", (i, v) => i.Role = v!.Value);
}

public sealed class RoleChoice
{
    public WorkspaceRole Role { get; set; }

    public static BodyShape<RoleChoice> Shape { get; } = new BodyShape<RoleChoice> { Example = """{"role":"admin"}""" }
        .Choice<WorkspaceRole>("role", (r, v) => r.Role = v!.Value, required: true);
}

public sealed class NewLabel
{
    public string Name { get; set; } = "";

    public string Color { get; set; } = "#808080";

    public string? Description { get; set; }

    public static BodyShape<NewLabel> Shape { get; } = new BodyShape<NewLabel> { Example = """{"name":"bug","color":"#d73a4a","description":"It does not work."}""" }
        .Text("name", (l, v) => l.Name = v!, WorkspaceLimits.LabelName, required: true)
        .Text("color", (l, v) => l.Color = v!, LabelColor.Length)
        .Text("description", (l, v) => l.Description = v, WorkspaceLimits.LabelDescription, nullable: true);
}

public sealed class LabelPatch
{
    public string? Name { get; set; }

    public string? Color { get; set; }

    public string? Description { get; set; }

    public static BodyShape<LabelPatch> Shape { get; } = new BodyShape<LabelPatch> { Example = """{"color":"#0e8a16"}""" }
        .Text("name", (l, v) => l.Name = v, WorkspaceLimits.LabelName)
        .Text("color", (l, v) => l.Color = v, LabelColor.Length)
        .Text("description", (l, v) => l.Description = v, WorkspaceLimits.LabelDescription);
}

internal static partial class LabelColor
{
    public const int Length = 7;

    public static FieldError? Refuse(string? color) =>
        color is null || Pattern().IsMatch(color) ? null : new("/color", "malformed_color", "It must be a colour such as #d73a4a.");

    [GeneratedRegex("^#[0-9a-fA-F]{6}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}

public sealed class NewToken
{
    public string Name { get; set; } = "";

    public IReadOnlyList<string>? Scopes { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }

    public static BodyShape<NewToken> Shape { get; } = new BodyShape<NewToken> { Example = """{"name":"nightly report","scopes":["tasks:read","projects:read"],"expiresAt":"2027-02-01T00:00:00Z"}""" }
        .Text("name", (t, v) => t.Name = v!, WorkspaceLimits.TokenName, required: true)
        .Texts("scopes", (t, v) => t.Scopes = v, Permission.All.Count, 40, required: true)
        .Time("expiresAt", (t, v) => t.ExpiresAt = v);
}

public sealed class NewSetting
{
    public string? Value { get; set; }

    public static BodyShape<NewSetting> Shape { get; } = new BodyShape<NewSetting> { Example = """{"value":"Europe/Berlin"}""" }
        .Text("value", (s, v) => s.Value = v, WorkspaceLimits.SettingValue, required: true, nullable: true);
}

public sealed class FeatureState
{
    public bool On { get; set; }

    public static BodyShape<FeatureState> Shape { get; } = new BodyShape<FeatureState> { Example = """{"on":true}""" }
        .Flag("on", (f, v) => f.On = v, required: true);
}

public enum ProjectVisibility
{
    Workspace,
    Members,
}

public sealed class ProjectAccess
{
    public ProjectVisibility Visibility { get; set; }

    public IReadOnlyList<Guid> MemberIds { get; set; } = [];

    public static BodyShape<ProjectAccess> Shape { get; } = new BodyShape<ProjectAccess> { Example = """{"visibility":"members","memberIds":["01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f"]}""" }
        .Choice<ProjectVisibility>("visibility", (a, v) => a.Visibility = v!.Value, required: true)
        .Ids("memberIds", (a, v) => a.MemberIds = v ?? [], WorkspaceLimits.Members);
}
