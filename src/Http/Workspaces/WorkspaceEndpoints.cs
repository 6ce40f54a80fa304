using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.Http.Auth;
using Events.Http.Describing;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Events.Http.Workspaces;

internal static class WorkspaceEndpoints
{
    private const string Workspace = "Workspace";
    private const string Members = "Members";
    private const string Labels = "Labels";
    private const string Tokens = "Tokens";
    private const string Audit = "Audit";
    private const string Id = "01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f";

    private const string Person =
        $$"""{"id":"{{Id}}","name":"Mia Miller","state":"active","role":"member","joinedAt":"2026-11-21T09:30:00.123456Z","tasks":{"backlog":1,"todo":3,"in_progress":2,"in_review":0},"openTasks":6}""";

    public static IServiceCollection AddWorkspaceHandlers(this IServiceCollection services) =>
        services.AddSingleton<WorkspaceHandlers>().AddSingleton<PeopleQueries>().AddSingleton<TokenHandlers>().AddSingleton<AuditHandlers>();

    public static void MapWorkspaces(this IEndpointRouteBuilder api)
    {
        var workspace = api.ServiceProvider.GetRequiredService<WorkspaceHandlers>();
        api.MapGet("/workspaces", workspace.ListMineAsync).RequireSignedIn().Describe(new("listWorkspaces", Workspace, "The workspaces that one is in")
        {
            Query = [Parameter.Limit, Parameter.Cursor],
            Paginated = true,
            Example = $$"""{"items":[{"id":"{{Id}}","name":"Acme","role":"owner"}],"nextCursor":null}""",
        });
        api.MapPost("/workspaces", workspace.FoundAsync).RequireSignedIn().Describe(new("foundWorkspace", Workspace, "Found a workspace")
        {
            Body = NewWorkspace.Shape,
            Status = 201,
            Example = $$"""{"id":"{{Id}}","name":"Acme","role":"owner"}""",
            Commands = [typeof(FoundWorkspace)],
        });
        api.MapGet("/workspace", workspace.ShowAsync).RequirePermission(Permission.WorkspaceRead).Describe(new("getWorkspace", Workspace, "The workspace that requests are about")
        {
            Example = $$"""{"id":"{{Id}}","name":"Acme","role":"owner","members":3,"settings":{"timezone":"Europe/Berlin"},"features":["beta"]}""",
        });
        api.MapPatch("/workspace", workspace.RenameAsync).RequirePermission(Permission.WorkspaceWrite).Describe(new("renameWorkspace", Workspace, "Rename the workspace")
        {
            Body = NewWorkspace.Shape,
            Status = 204,
            Commands = [typeof(RenameWorkspace)],
        });
        api.MapPut("/workspace/settings/{name}", workspace.SetAsync).RequirePermission(Permission.WorkspaceWrite).Describe(new("changeSetting", Workspace, "Change a setting; null goes back to the default")
        {
            Path = [Parameter.Text("name", "Letters, digits, dots, dashes and underscores.", "timezone", 64)],
            Body = NewSetting.Shape,
            Status = 204,
            Commands = [typeof(ChangeSetting)],
        });
        api.MapPut("/workspace/features/{flag}", workspace.SwitchFeatureAsync).RequirePermission(Permission.WorkspaceWrite).Describe(new("switchFeature", Workspace, "Switch a feature flag")
        {
            Path = [Parameter.Text("flag", "Letters, digits, dots, dashes and underscores.", "beta", 64)],
            Body = FeatureState.Shape,
            Status = 204,
            Commands = [typeof(SwitchFeature)],
        });
        MapMembers(api, workspace);
        MapLabels(api, workspace);
        MapTokens(api, api.ServiceProvider.GetRequiredService<TokenHandlers>());
        MapAudit(api, api.ServiceProvider.GetRequiredService<AuditHandlers>());
    }

    private static void MapMembers(IEndpointRouteBuilder api, WorkspaceHandlers workspace)
    {
        api.MapGet("/members", workspace.ListMembersAsync).RequirePermission(Permission.MembersRead).Describe(new("listMembers", Members, "The workspace's members")
        {
            Query = [Parameter.Limit, Parameter.Cursor],
            Paginated = true,
            Example = $$"""{"items":[{"personId":"{{Id}}","name":"Mia Miller","email":"mia@example.com","role":"owner"}],"nextCursor":null}""",
        });
        var people = api.ServiceProvider.GetRequiredService<PeopleQueries>();
        api.MapGet("/people", people.ListAsync).RequirePermission(Permission.MembersRead).Describe(new("listPeople", Members, "Whom tasks can name")
        {
            IsOfReadModels = true,
            Description = "For pickers, mentions and avatars: members and the placeholders that imports noted, with how many open tasks they have. `state=former` are members of the past. The name of somebody who was erased is null.",
            Query =
            [
                Parameter.Text("q", "What the name, or a word of it, begins with.", "mi", 100),
                new("state", """{"type":"string"}""", "One or several (with commas) of active, placeholder, former; the first two by default.", "active"),
                Parameter.Choice("sort", "By what; with `-` before it, the other way round. With `q`, by name.", PeopleQueries.Sorts),
                Parameter.Limit,
                Parameter.Cursor,
            ],
            Paginated = true,
            Example = Examples.Page(Person),
            Nulls = ["name", "role"],
        });
        api.MapGet("/people/{id}", people.DetailAsync).RequirePermission(Permission.MembersRead).Describe(new("getPerson", Members, "One of them") { IsOfReadModels = true, Example = Person, Nulls = ["name", "role"] });
        api.MapPatch("/members/{id}", workspace.ChangeRoleAsync).RequirePermission(Permission.MembersWrite).Describe(new("changeMemberRole", Members, "Change a member's role")
        {
            Body = RoleChoice.Shape,
            Status = 204,
            Commands = [typeof(ChangeMemberRole)],
        });
        api.MapDelete("/members/{id}", workspace.RemoveMemberAsync).RequirePermission(Permission.MembersWrite).Describe(new("removeMember", Members, "Remove a member")
        {
            Description = "Ends the member's tokens too; within a second nothing of theirs works here any more.",
            Status = 204,
            Commands = [typeof(RemoveMember)],
        });
        api.MapGet("/invitations", workspace.ListInvitationsAsync).RequirePermission(Permission.MembersWrite).Describe(new("listInvitations", Members, "Open invitations")
        {
            Query = [Parameter.Limit, Parameter.Cursor],
            Paginated = true,
            Example = $$"""{"items":[{"id":"{{Id}}","email":"gus@example.com","role":"member","invitedBy":"{{Id}}","expiresAt":"2026-12-05T09:30:00Z"}],"nextCursor":null}""",
        });
        api.MapPost("/invitations", workspace.InviteAsync).RequirePermission(Permission.MembersWrite).Describe(new("inviteMember", Members, "Invite somebody by mail")
        {
            Body = NewInvitation.Shape,
            Status = 201,
            Example = $$"""{"id":"{{Id}}","role":"member"}""",
            Commands = [typeof(InviteMember), typeof(AcceptInvitation)],
        });
        api.MapDelete("/invitations/{id}", workspace.RevokeInvitationAsync).RequirePermission(Permission.MembersWrite).Describe(new("revokeInvitation", Members, "Take an invitation back")
        {
            Status = 204,
            Commands = [typeof(RevokeInvitation)],
        });
        api.MapGet("/projects/{id}/access", workspace.ShowProjectAccessAsync).RequirePermission(Permission.MembersRead).Describe(new("getProjectAccess", Members, "Who sees a project")
        {
            Example = $$"""{"visibility":"members","memberIds":["{{Id}}"]}""",
        });
        api.MapPut("/projects/{id}/access", workspace.SetProjectAccessAsync).RequirePermission(Permission.MembersWrite).Describe(new("setProjectAccess", Members, "Say who sees a project")
        {
            Description = "`workspace`: every member; `members`: those named, and the workspace's admins and owners.",
            Body = ProjectAccess.Shape,
            Status = 204,
            Commands = [typeof(RestrictProject), typeof(OpenProject)],
        });
    }

    private static void MapLabels(IEndpointRouteBuilder api, WorkspaceHandlers workspace)
    {
        api.MapGet("/labels", workspace.ListLabelsAsync).RequirePermission(Permission.LabelsRead).Describe(new("listLabels", Labels, "The workspace's labels")
        {
            Query = [Parameter.Limit, Parameter.Cursor],
            Paginated = true,
            Example = $$"""{"items":[{"id":"{{Id}}","name":"bug","color":"#d73a4a","description":null}],"nextCursor":null}""",
        });
        api.MapPost("/labels", workspace.DefineLabelAsync).RequirePermission(Permission.LabelsWrite).Describe(new("defineLabel", Labels, "Define a label")
        {
            Body = NewLabel.Shape,
            Status = 201,
            Example = $$"""{"id":"{{Id}}","name":"bug","color":"#d73a4a","description":null}""",
            Commands = [typeof(DefineLabel)],
        });
        api.MapPatch("/labels/{id}", workspace.ChangeLabelAsync).RequirePermission(Permission.LabelsWrite).Describe(new("changeLabel", Labels, "Change a label")
        {
            Body = LabelPatch.Shape,
            IsMergePatch = true,
            Status = 204,
            Commands = [typeof(ChangeLabel)],
        });
        api.MapDelete("/labels/{id}", workspace.RemoveLabelAsync).RequirePermission(Permission.LabelsWrite).Describe(new("removeLabel", Labels, "Remove a label")
        {
            Status = 204,
            Commands = [typeof(RemoveLabel)],
        });
    }

    private static void MapTokens(IEndpointRouteBuilder api, TokenHandlers tokens)
    {
        api.MapGet("/tokens", tokens.ListAsync).RequirePermission(Permission.TokensRead).Describe(new("listTokens", Tokens, "API tokens")
        {
            Query = [Parameter.Limit, Parameter.Cursor],
            Paginated = true,
            Example = $$"""{"items":[{"id":"{{Id}}","personId":"{{Id}}","name":"nightly report","scopes":["tasks:read"],"expiresAt":"2027-02-01T00:00:00Z","lastUsedAt":null}],"nextCursor":null}""",
        });
        api.MapPost("/tokens", tokens.IssueAsync).RequirePermission(Permission.TokensWrite).Describe(new("issueToken", Tokens, "Make an API token")
        {
            Description = "The secret is in this answer and never again; a repeat with the same Idempotency-Key is answered without it. Without `expiresAt` it lives 90 days; at most 366.",
            Body = NewToken.Shape,
            Status = 201,
            Example = $$"""{"id":"{{Id}}","personId":"{{Id}}","name":"nightly report","scopes":["tasks:read"],"expiresAt":"2027-02-01T00:00:00Z","token":"evt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"}""",
            Commands = [typeof(IssueApiToken)],
        });
        api.MapDelete("/tokens/{id}", tokens.RevokeAsync).RequirePermission(Permission.TokensWrite).Describe(new("revokeToken", Tokens, "Revoke an API token")
        {
            Status = 204,
            Commands = [typeof(RevokeApiToken)],
        });
    }

    private static void MapAudit(IEndpointRouteBuilder api, AuditHandlers audit)
    {
        Parameter[] filters =
        [
            Parameter.Id("actorId", "Who did it."),
            Parameter.Text("action", "Method and route.", "POST /api/v1/tokens", 80),
            Parameter.Text("outcome", "`done`, or the refusal's code.", "forbidden", 60),
            Parameter.Time("from", "From this moment."),
            Parameter.Time("to", "Before this moment."),
        ];
        const string Entry =
            $$"""{"id":"{{Id}}","at":"2026-11-21T09:30:00Z","actorId":"{{Id}}","tokenId":null,"action":"DELETE /api/v1/members/{id}","target":"{{Id}}","outcome":"done","status":204,"address":"192.0.2.7","client":"curl/8.5","requestId":"4bf92f3577b34da6a3ce929d0e0e4736"}""";
        api.MapGet("/audit", audit.ListAsync).RequirePermission(Permission.AuditRead).Describe(new("listAudit", Audit, "The audit log, newest first")
        {
            Query = [.. filters, Parameter.Limit, Parameter.Cursor],
            Paginated = true,
            Example = $$"""{"items":[{{Entry}}],"nextCursor":null}""",
            Nulls = ["client"],
        });
        api.MapGet("/audit/export", audit.ExportAsync).RequirePermission(Permission.AuditRead).WithMetadata(new DisableRequestTimeoutAttribute()).Describe(new("exportAudit", Audit, "The audit log as lines")
        {
            Query = filters,
            Example = Entry,
            MediaType = "application/x-ndjson",
            Streams = true,
        });
    }
}
