using System.Text.Json;
using Events.Commands.Access;
using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Projects;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Idempotency;
using Events.Http.Lists;
using Events.Http.People;
using Events.Http.Problems;
using Events.Http.Tasks;
using Events.Platform.Tenancy;

namespace Events.Http.Workspaces;

using Done = CommandResult<WorkspaceState>.Done;
using Result = CommandResult<WorkspaceState>;

/// <summary>The caller's workspace: its name, settings, members, invitations and labels.</summary>
internal sealed class WorkspaceHandlers(
    CommandRunner runner,
    WorkspaceCommands workspaces,
    Invitations invitations,
    Founding founding,
    AccessDirectory directory,
    ProjectCommands projects,
    SubjectKeys keys,
    CursorSigner signer,
    TimeProvider time)
{
    /// <summary>Of the person, not of the workspace: where they may switch to.</summary>
    public async Task ListMineAsync(HttpContext http)
    {
        var personId = http.Features.Get<SignedInPerson>()!.PersonId;
        var mine = new List<(Guid Id, string Name, WorkspaceRole Role)>();
        foreach (var id in (await directory.PersonAsync(personId, http.RequestAborted)).Workspaces)
        {
            var workspace = await directory.WorkspaceAsync(new TenantId(id), http.RequestAborted);
            if (workspace.RoleOf(personId) is { } role)
                mine.Add((id, workspace.Name, role));
        }

        await http.WriteStatePageAsync(PeopleTenant.Id, $"workspaces/{personId:N}", signer, mine, item => item.Id, static (json, item) =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, item.Id);
            json.WriteString("name"u8, item.Name);
            json.WriteString("role"u8, Name(item.Role));
            json.WriteEndObject();
        });
    }

    public async Task FoundAsync(HttpContext http)
    {
        var personId = http.Features.Get<SignedInPerson>()!.PersonId;
        var (read, problem) = await RequestBody.ReadAsync(http);
        using (read)
        {
            var body = problem is null ? read!.Bind(NewWorkspace.Shape, out problem) : null;
            var key = problem is null ? IdempotencyKey.Read(http, personId.ToString("D"), read!.Bytes, out problem) : null;
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }

            var (answer, result) = await founding.FoundAsync(personId, body!.Name, key, id => Founded(id, body.Name), WorkspaceOf, CancellationToken.None);
            if (answer is null)
            {
                await http.Response.WriteAsync(Refusals.Of(result));
                return;
            }

            http.Features.Set(new AuditSubject(personId, new TenantId(WorkspaceOf(answer))));
            if (result is CommandResult<PersonState>.Replayed)
                http.Response.Headers["Idempotency-Replayed"] = "true";
            http.Response.StatusCode = answer.Status;
            http.Response.Headers.Location = answer.Location;
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Body.Length;
            await http.Response.BodyWriter.WriteAsync(answer.Body);
        }
    }

    private static StoredAnswer Founded(Guid id, string name) => new(201, "/api/v1/workspace", null, JsonBytes.Render((id, name), static (json, x) =>
    {
        json.WriteStartObject();
        json.WriteString("id"u8, x.id);
        json.WriteString("name"u8, x.name);
        json.WriteString("role"u8, "owner"u8);
        json.WriteEndObject();
    }));

    private static Guid WorkspaceOf(StoredAnswer founded)
    {
        using var body = JsonDocument.Parse(founded.Body);
        return body.RootElement.GetProperty("id").GetGuid();
    }

    public async Task ShowAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (workspace, version) = await directory.VersionedWorkspaceAsync(caller.Tenant, http.RequestAborted);
        var json = JsonBytes.Render((caller, workspace), static (json, x) =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, x.caller.Tenant.Value);
            json.WriteString("name"u8, x.workspace.Name);
            json.WriteString("role"u8, Name(x.workspace.RoleOf(x.caller.PersonId) ?? WorkspaceRole.Viewer));
            json.WriteNumber("members"u8, x.workspace.Members.Count);
            json.WriteStartObject("settings"u8);
            foreach (var (name, value) in x.workspace.Settings.OrderBy(setting => setting.Key, StringComparer.Ordinal))
                json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteStartArray("features"u8);
            foreach (var flag in x.workspace.Features.Order(StringComparer.Ordinal))
                json.WriteStringValue(flag);
            json.WriteEndArray();
            json.WriteEndObject();
        });
        await http.WriteDocumentAsync(json, Versions.ETag(version));
    }

    public Task RenameAsync(HttpContext http) => ChangeAsync(http, NewWorkspace.Shape, (body, context, _) =>
        workspaces.RunAsync(context, new RenameWorkspace(body.Name), NoContent, CancellationToken.None));

    public Task SetAsync(HttpContext http) => WithName(http, "name", name => ChangeAsync(http, NewSetting.Shape, (body, context, _) =>
        workspaces.RunAsync(context, new ChangeSetting(name, body.Value), NoContent, CancellationToken.None)));

    public Task SwitchFeatureAsync(HttpContext http) => WithName(http, "flag", flag => ChangeAsync(http, FeatureState.Shape, (body, context, _) =>
        workspaces.RunAsync(context, new SwitchFeature(flag, body.On), NoContent, CancellationToken.None)));

    public async Task ListMembersAsync(HttpContext http)
    {
        var (caller, workspace) = await OfAsync(http);
        await http.WriteStatePageAsync(caller.Tenant, "members", signer, workspace.Members, member => member.Key, page => OpenAsync(page, http.RequestAborted), static (json, member, people) =>
        {
            // An erased person's name and address are null until the erasure has also ended the membership.
            var (name, email) = people[member.Key];
            json.WriteStartObject();
            json.WriteString("personId"u8, member.Key);
            json.WriteString("name"u8, name);
            json.WriteString("email"u8, email);
            json.WriteString("role"u8, Name(member.Value));
            json.WriteEndObject();
        });
    }

    public Task ChangeRoleAsync(HttpContext http) => WithId(http, id => ChangeAsync(http, RoleChoice.Shape, (body, context, caller) =>
        workspaces.RunAsync(context, new ChangeMemberRole(id, body.Role, caller.PersonId), NoContent, CancellationToken.None)));

    public Task RemoveMemberAsync(HttpContext http) => WithId(http, id => ChangeAsync(http, NoBody.Shape, (_, context, caller) =>
        workspaces.RunAsync(context, new RemoveMember(id, caller.PersonId), NoContent, CancellationToken.None)));

    public async Task ListInvitationsAsync(HttpContext http)
    {
        var (caller, workspace) = await OfAsync(http);
        await http.WriteStatePageAsync(
            caller.Tenant,
            "invitations",
            signer,
            workspace.Invitations.Values.Where(invitation => invitation.ExpiresAt > time.GetUtcNow()),
            invitation => invitation.Id,
            async page => await keys.OpenAllAsync([.. page.Select(invitation => invitation.Email)], http.RequestAborted),
            static (json, invitation, texts) =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, invitation.Id);
                json.WriteString("email"u8, texts.GetValueOrDefault(invitation.Email));
                json.WriteString("role"u8, Name(invitation.Role));
                json.WriteString("invitedBy"u8, invitation.InvitedBy);
                json.WriteString("expiresAt"u8, invitation.ExpiresAt.UtcDateTime);
                json.WriteEndObject();
            });
    }

    public Task InviteAsync(HttpContext http)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        StoredAnswer Created(NewInvitation body) => new(
            201,
            $"/api/v1/invitations/{id}",
            null,
            JsonBytes.Render((id, body), static (json, x) =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, x.id);
                json.WriteString("role"u8, Name(x.body.Role));
                json.WriteEndObject();
            }));
        return runner.RunAsync<NewInvitation, WorkspaceState>(
            http,
            NewInvitation.Shape,
            async (body, context, caller) => EmailAddress.TryParse(body.Email, out var email)
                ? await invitations.InviteAsync(context, id, email.Value, body.Role, caller.PersonId, _ => Created(body), CancellationToken.None)
                : new Result.Invalid([new("/email", "malformed_email", $"It must be an e-mail address of at most {EmailAddress.MaxLength} characters.")]),
            (body, _) => Created(body));
    }

    public Task RevokeInvitationAsync(HttpContext http) => WithId(http, id => ChangeAsync(http, NoBody.Shape, async (_, context, _) =>
        await invitations.RevokeAsync(context, new RevokeInvitation(id), NoContent, CancellationToken.None)));

    public async Task ListLabelsAsync(HttpContext http)
    {
        var (caller, workspace) = await OfAsync(http);
        await http.WriteStatePageAsync(caller.Tenant, "labels", signer, workspace.Labels.Values, label => label.Id, WriteLabel);
    }

    public Task DefineLabelAsync(HttpContext http)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        StoredAnswer Created(Done done) => new(201, $"/api/v1/labels/{id}", null, JsonBytes.Render(done.State.Labels[id], WriteLabel));
        return runner.RunAsync<NewLabel, WorkspaceState>(
            http,
            NewLabel.Shape,
            (body, context, _) => LabelColor.Refuse(body.Color) is { } wrong
                ? new(wrong.Of<WorkspaceState>())
                : workspaces.RunAsync(context, new DefineLabel(id, body.Name, body.Color, body.Description), Created, CancellationToken.None),
            (_, done) => Created(done));
    }

    public Task ChangeLabelAsync(HttpContext http) => WithId(http, id => ChangeAsync(http, LabelPatch.Shape, (body, context, _) =>
        LabelColor.Refuse(body.Color) is { } wrong
            ? new(wrong.Of<WorkspaceState>())
            : workspaces.RunAsync(context, new ChangeLabel(id, body.Name, body.Color, body.Description), NoContent, CancellationToken.None)));

    public Task RemoveLabelAsync(HttpContext http) => WithId(http, id => ChangeAsync(http, NoBody.Shape, (_, context, _) =>
        workspaces.RunAsync(context, new RemoveLabel(id), NoContent, CancellationToken.None)));

    public Task ShowProjectAccessAsync(HttpContext http) => WithId(http, async id =>
    {
        var (caller, workspace) = await OfAsync(http);
        if (!caller.Sees(id) || !await projects.ExistsAsync(caller.Tenant, id, http.RequestAborted))
        {
            await http.Response.WriteAsync(Problem.NotFound("There is no such project."));
            return;
        }

        var people = workspace.RestrictedProjects.GetValueOrDefault(id);
        var answer = JsonBytes.Render(people, static (json, people) =>
        {
            json.WriteStartObject();
            json.WriteString("visibility"u8, people is null ? "workspace"u8 : "members"u8);
            json.WriteStartArray("memberIds"u8);
            foreach (var person in people?.Order() ?? Enumerable.Empty<Guid>())
                json.WriteStringValue(person);
            json.WriteEndArray();
            json.WriteEndObject();
        });
        await http.WriteDocumentAsync(answer, ContentHash.TagOf(answer));
    });

    public Task SetProjectAccessAsync(HttpContext http) => WithId(http, id => ChangeAsync(http, ProjectAccess.Shape, async (body, context, caller) =>
    {
        if (!caller.Sees(id) || !await projects.ExistsAsync(caller.Tenant, id, http.RequestAborted))
            return new Result.Refused("no_such_project", "There is no such project.", null);
        return body.Visibility == ProjectVisibility.Workspace
            ? await workspaces.RunAsync(context, new OpenProject(id), NoContent, CancellationToken.None)
            : await workspaces.RunAsync(context, new RestrictProject(id, body.MemberIds), NoContent, CancellationToken.None);
    }));

    private Task ChangeAsync<TBody>(HttpContext http, BodyShape<TBody> shape, Func<TBody, CommandContext, Caller, ValueTask<Result>> run)
        where TBody : class, new() =>
        runner.RunAsync(http, shape, run, (_, done) => NoContent(done), emptyIsObject: typeof(TBody) == typeof(NoBody));

    private async ValueTask<IReadOnlyDictionary<Guid, (string? Name, string? Email)>> OpenAsync(IReadOnlyList<KeyValuePair<Guid, WorkspaceRole>> page, CancellationToken ct)
    {
        var people = new Dictionary<Guid, PersonState>(page.Count);
        foreach (var (personId, _) in page)
            people[personId] = await directory.PersonAsync(personId, ct);
        var texts = await keys.OpenAllAsync([.. people.Values.SelectMany(person => new[] { person.Name, person.Email }).OfType<SealedText>()], ct);
        return people.ToDictionary(
            entry => entry.Key,
            entry => (
                entry.Value.Name is { } name ? texts.GetValueOrDefault(name) : null,
                entry.Value.Email is { } email ? texts.GetValueOrDefault(email) : null));
    }

    private async Task<(Caller Caller, WorkspaceState Workspace)> OfAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        return (caller, await directory.WorkspaceAsync(caller.Tenant, http.RequestAborted));
    }

    private static void WriteLabel(Utf8JsonWriter json, Label label)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, label.Id);
        json.WriteString("name"u8, label.Name);
        json.WriteString("color"u8, label.Color);
        json.WriteString("description"u8, label.Description);
        json.WriteEndObject();
    }

    private static Task WithId(HttpContext http, Func<Guid, Task> next) =>
        Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id)
            ? next(id)
            : http.Response.WriteAsync(Problem.NotFound("There is nothing here: the id is not a UUID."));

    private static Task WithName(HttpContext http, string parameter, Func<string, Task> next) =>
        http.Request.RouteValues[parameter] is string { Length: > 0 and <= 64 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? next(name)
            : http.Response.WriteAsync(Problem.NotFound("A name here has 1 to 64 letters, digits, dots, dashes and underscores."));

    private static string Name(WorkspaceRole role) => WireNames.Of<WorkspaceRole>().NameOf(role);

    private static StoredAnswer NoContent(Done done) => new(204, null, Versions.ETag(done.Version), ReadOnlyMemory<byte>.Empty);
}
