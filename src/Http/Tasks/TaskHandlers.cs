using System.Collections.Concurrent;
using System.Text.Json;
using Events.Commands.Handling;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Problems;
using Events.Projections.TaskList;

namespace Events.Http.Tasks;

using Done = CommandResult<TaskState>.Done;
using Result = CommandResult<TaskState>;

/// <summary>Commands on tasks: bind, send, answer.</summary>
public sealed class TaskHandlers(CommandRunner runner, TaskCommands tasks, BoardNeighbours neighbours, TimeProvider clock)
{
    public Task CreateAsync(HttpContext http) => runner.RunAsync<NewTask, TaskState>(
        http,
        NewTask.Shape,
        (body, context, caller) => CreateAsync(body, context, caller),
        (body, done) => Created(body.Id!.Value, done));

    /// <summary>Gives the body an id when the client made none.</summary>
    internal ValueTask<Result> CreateAsync(NewTask body, CommandContext context, Caller caller)
    {
        if (Ids.Refuse(body.Id, "/id") is { } wrong)
            return new(wrong.Of<TaskState>());
        body.Id ??= Guid.CreateVersion7(clock.GetUtcNow());
        return caller.Sees(body.ProjectId)
            ? tasks.CreateAsync(context, body.ToCommand(), done => Created(body.Id.Value, done), CancellationToken.None)
            : new(new Result.Refused("project_not_found", "There is no such project.", "/projectId"));
    }

    /// <summary>Whether the caller may know of the task at all.</summary>
    internal async ValueTask<bool> SeesAsync(Caller caller, Guid taskId) =>
        caller.HiddenProjects.Count == 0 || (await tasks.ProjectOfAsync(caller.Tenant, taskId, CancellationToken.None) is { } project && caller.Sees(project));

    public Task PatchAsync(HttpContext http) => ChangeAsync(http, TaskPatch.Shape, patch => patch.ToCommand(), Changed);

    public Task ArchiveAsync(HttpContext http) => ChangeAsync(http, NoBody.Shape, _ => new ArchiveTask(), Changed);

    public Task UnarchiveAsync(HttpContext http) => ChangeAsync(http, NoBody.Shape, _ => new UnarchiveTask(), Changed);

    public Task DeleteAsync(HttpContext http) => ChangeAsync(http, NoBody.Shape, _ => new DeleteTask(), Changed);

    public Task RestoreAsync(HttpContext http) => ChangeAsync(http, NoBody.Shape, _ => new RestoreTask(), Changed);

    public Task AddCommentAsync(HttpContext http) => ChangeAsync(
        http,
        NewComment.Shape,
        comment => new AddComment(comment.Id ??= Guid.CreateVersion7(clock.GetUtcNow()), comment.Body),
        Commented,
        comment => comment.Id);

    public Task EditCommentAsync(HttpContext http) => WithId(http, "commentId", id => ChangeAsync(http, CommentPatch.Shape, body => new EditComment(id, body.Body), Changed));

    public Task DeleteCommentAsync(HttpContext http) => WithId(http, "commentId", id => ChangeAsync(http, NoBody.Shape, _ => new DeleteComment(id), Changed));

    public Task AddChecklistItemAsync(HttpContext http) => ChangeAsync(
        http,
        NewChecklistItem.Shape,
        item => new AddChecklistItem(item.Id ??= Guid.CreateVersion7(clock.GetUtcNow()), item.Text),
        (taskId, item, done) => new StoredAnswer(
            201,
            $"/api/v1/tasks/{taskId}/checklist/{item.Id}",
            Versions.ETag(done.Version),
            JsonBytes.Render((item, done), static (json, x) =>
            {
                json.WriteStartObject();
                json.WriteString("id"u8, x.item.Id!.Value);
                json.WriteString("text"u8, x.item.Text);
                json.WriteBoolean("done"u8, false);
                json.WriteNumber("version"u8, x.done.Version);
                json.WriteEndObject();
            })),
        item => item.Id);

    public Task ChangeChecklistItemAsync(HttpContext http) => WithId(http, "itemId", id => ChangeAsync(http, ChecklistItemPatch.Shape, body => new ChangeChecklistItem(id, body.Text, body.Done), Changed));

    public Task RemoveChecklistItemAsync(HttpContext http) => WithId(http, "itemId", id => ChangeAsync(http, NoBody.Shape, _ => new RemoveChecklistItem(id), Changed));

    public Task LinkAsync(HttpContext http) => ChangeAsync(http, NewLink.Shape, link => new LinkTask(link.Kind, link.TaskId), Changed);

    public Task UnlinkAsync(HttpContext http) => WithId(http, "otherId", id =>
        WireNames.Of<LinkKind>().Find(http.Request.RouteValues["kind"] as string) is { } kind
            ? ChangeAsync(http, NoBody.Shape, _ => new UnlinkTask(kind, id), Changed)
            : http.Response.WriteAsync(Problem.NotFound("There is no such kind of link.")));

    public Task WatchAsync(HttpContext http) => WithId(http, "personId", id => ChangeAsync(http, NoBody.Shape, _ => new WatchTask(id), Changed));

    public Task UnwatchAsync(HttpContext http) => WithId(http, "personId", id => ChangeAsync(http, NoBody.Shape, _ => new UnwatchTask(id), Changed));

    public Task RankAsync(HttpContext http) => WithId(http, "id", taskId => runner.RunAsync<NewPlace, TaskState>(
        http,
        NewPlace.Shape,
        (body, context, caller) => tasks.PlaceAsync(
            context,
            taskId,
            new PlaceTask(body.After, body.Before),
            (id, neighbour, following) => neighbours.NextAsync(caller.Tenant, taskId, id, neighbour, following, http.RequestAborted),
            done => Placed(taskId, done),
            CancellationToken.None),
        (_, done) => Placed(taskId, done)));

    private Task ChangeAsync<TBody>(
        HttpContext http,
        BodyShape<TBody> shape,
        Func<TBody, TaskCommand> command,
        Func<Guid, TBody, Done, StoredAnswer> answer,
        Func<TBody, Guid?>? madeId = null)
        where TBody : class, new() =>
        WithId(http, "id", taskId => runner.RunAsync<TBody, TaskState>(
            http,
            shape,
            async (body, context, caller) =>
            {
                if (madeId is not null && Ids.Refuse(madeId(body), "/id") is { } wrong)
                    return wrong.Of<TaskState>();
                return await SeesAsync(caller, taskId)
                    ? await tasks.ChangeAsync(context, taskId, command(body), done => answer(taskId, body, done), CancellationToken.None)
                    : new Result.Refused("no_such_task", "There is no such task.", null);
            },
            (body, done) => answer(taskId, body, done),
            emptyIsObject: typeof(TBody) == typeof(NoBody)));

    private static Task WithId(HttpContext http, string name, Func<Guid, Task> next) =>
        Guid.TryParseExact(http.Request.RouteValues[name] as string, "D", out var id)
            ? next(id)
            : http.Response.WriteAsync(Problem.NotFound("There is nothing here: the id is not a UUID."));

    internal static StoredAnswer Created(Guid id, Done done) => new(
        201,
        $"/api/v1/tasks/{id}",
        Versions.ETag(done.Version),
        JsonBytes.Render((id, done), static (json, x) => NewTaskItem.Write(json, x.id, (TaskCreated)x.done.Events[0], x.done.At ?? ReplayedAnswers.Unknown)));

    internal static StoredAnswer Commented(Guid taskId, NewComment comment, Done done) => new(
        201,
        $"/api/v1/tasks/{taskId}/comments/{comment.Id}",
        Versions.ETag(done.Version),
        JsonBytes.Render((comment, done), static (json, x) =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, x.comment.Id!.Value);
            json.WriteString("body"u8, x.comment.Body);
            json.WriteNumber("version"u8, x.done.Version);
            json.WriteString("createdAt"u8, (x.done.At ?? ReplayedAnswers.Unknown).UtcDateTime);
            json.WriteEndObject();
        }));

    /// <summary>As every change, and the rank, which only the service could know.</summary>
    private static StoredAnswer Placed(Guid id, Done done) => new(
        200,
        null,
        Versions.ETag(done.Version),
        JsonBytes.Render((id, done), static (json, x) => ChangeJson.Write(json, x.id, x.done.State.Key, x.done.Version, x.done.Events, x.done.State.Rank)));

    internal static StoredAnswer Changed<TBody>(Guid id, TBody body, Done done) => new(
        200,
        null,
        Versions.ETag(done.Version),
        JsonBytes.Render((id, done), static (json, x) => ChangeJson.Write(json, x.id, x.done.State.Key, x.done.Version, x.done.Events)));
}

/// <summary>What a change answers: where the thing stands now and which events that took; the whole thing is a GET away.</summary>
public static class ChangeJson
{
    private static readonly ConcurrentDictionary<Type, JsonEncodedText> Names = new();

    /// <param name="rank">Null: it is not told.</param>
    public static void Write(Utf8JsonWriter json, Guid id, string key, long version, IReadOnlyList<object> events, string? rank = null)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("key"u8, key);
        json.WriteNumber("version"u8, version);
        json.WriteStartArray("changes"u8);
        foreach (var happened in events)
            json.WriteStringValue(NameOf(happened));
        json.WriteEndArray();
        if (rank is not null)
            json.WriteString("rank"u8, rank);
        json.WriteEndObject();
    }

    /// <summary>The event's name on the wire.</summary>
    public static JsonEncodedText NameOf(object happened) =>
        Names.GetOrAdd(happened.GetType(), static type => JsonEncodedText.Encode(JsonNamingPolicy.SnakeCaseLower.ConvertName(type.Name)));
}
