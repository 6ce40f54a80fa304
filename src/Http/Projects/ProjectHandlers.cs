using Events.Commands.Handling;
using Events.Commands.Projects;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Problems;
using Events.Http.Tasks;

namespace Events.Http.Projects;

using Done = CommandResult<ProjectState>.Done;

/// <summary>Commands on projects: bind, send, answer.</summary>
public sealed class ProjectHandlers(CommandRunner runner, ProjectCommands projects, TimeProvider clock)
{
    public Task CreateAsync(HttpContext http) => runner.RunAsync<NewProject, ProjectState>(
        http,
        NewProject.Shape,
        (body, context, _) =>
        {
            if (Ids.Refuse(body.Id, "/id") is { } wrong)
                return new(wrong.Of<ProjectState>());
            body.Id ??= Guid.CreateVersion7(clock.GetUtcNow());
            return projects.CreateAsync(context, body.ToCommand(), done => Created(body.Id.Value, done), CancellationToken.None);
        },
        (body, done) => Created(body.Id!.Value, done));

    public Task PatchAsync(HttpContext http) => ChangeAsync(http, ProjectPatch.Shape, patch => patch.ToCommand());

    public Task ArchiveAsync(HttpContext http) => ChangeAsync(http, NoBody.Shape, _ => new ArchiveProject());

    public Task RestoreAsync(HttpContext http) => ChangeAsync(http, NoBody.Shape, _ => new RestoreProject());

    private Task ChangeAsync<TBody>(HttpContext http, BodyShape<TBody> shape, Func<TBody, ProjectCommand> command)
        where TBody : class, new()
    {
        if (!Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
            return http.Response.WriteAsync(Problem.NotFound("There is nothing here: the id is not a UUID."));
        return runner.RunAsync<TBody, ProjectState>(
            http,
            shape,
            (body, context, caller) => caller.Sees(id)
                ? projects.ChangeAsync(context, id, command(body), done => Changed(id, done), CancellationToken.None)
                : new(new CommandResult<ProjectState>.Refused("no_such_project", "There is no such project.", null)),
            (_, done) => Changed(id, done),
            emptyIsObject: typeof(TBody) == typeof(NoBody));
    }

    private static StoredAnswer Created(Guid id, Done done) => new(
        201,
        $"/api/v1/projects/{id}",
        Versions.ETag(done.Version),
        JsonBytes.Render((id, done), static (json, x) =>
        {
            var project = x.done.State;
            json.WriteStartObject();
            json.WriteString("id"u8, x.id);
            json.WriteString("key"u8, project.Key);
            json.WriteString("name"u8, project.Name);
            if (project.Description is not null)
                json.WriteString("description"u8, project.Description);
            else
                json.WriteNull("description"u8);
            if (project.LeadId is { } lead)
                json.WriteString("leadId"u8, lead);
            else
                json.WriteNull("leadId"u8);
            json.WriteString("startsOn"u8, project.StartsOn?.ToString("yyyy-MM-dd"));
            json.WriteString("endsOn"u8, project.EndsOn?.ToString("yyyy-MM-dd"));
            json.WriteString("status"u8, WireNames.Of<ProjectStatus>().NameOf(project.Status));
            json.WriteBoolean("archived"u8, false);
            json.WriteString("createdAt"u8, (x.done.At ?? ReplayedAnswers.Unknown).UtcDateTime);
            json.WriteString("updatedAt"u8, (x.done.At ?? ReplayedAnswers.Unknown).UtcDateTime);
            json.WriteNumber("version"u8, x.done.Version);
            json.WriteEndObject();
        }));

    private static StoredAnswer Changed(Guid id, Done done) => new(
        200,
        null,
        Versions.ETag(done.Version),
        JsonBytes.Render((id, done), static (json, x) => ChangeJson.Write(json, x.id, x.done.State.Key, x.done.Version, x.done.Events)));
}
