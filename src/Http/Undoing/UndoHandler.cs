using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Describing;
using Events.Http.Problems;
using Events.Http.Tasks;

namespace Events.Http.Undoing;

public sealed class UndoRequest
{
    public long Position { get; set; }

    public static BodyShape<UndoRequest> Shape { get; } = new BodyShape<UndoRequest> { Example = """{"position":4711}""" }
        .Integer("position", (u, v) => u.Position = v!.Value, 1, long.MaxValue, required: true);
}

/// <summary>Undo: the position of one's own change, and its inverse is appended, or the answer says why it cannot be.</summary>
public sealed class UndoHandler(CommandRunner runner, EventReader events, TaskCommands tasks, ProjectCommands projects)
{
    /// <summary>More events than one request makes of one thing: fifty labels off, fifty on, and each other member.</summary>
    private const int MostOfAChange = 150;

    private sealed record Undone(Guid Id, string Key);

    public Task UndoAsync(HttpContext http)
    {
        return runner.RunAsync<UndoRequest, Undone>(
            http,
            UndoRequest.Shape,
            async (body, context, caller) =>
            {
                if (await FindAsync(body.Position, caller, http.RequestAborted) is not { } happened)
                    return Refuse("no_such_change", "There is no change at this position that you could undo.");
                if (happened.Metadata.Actor != caller.Actor)
                    return Refuse("not_your_change", "Only one's own changes can be undone.");
                if (happened.Body is ProjectKeyReserved)
                    return Refuse("cannot_undo", "A project that was created stays: archive it.");
                return happened.Type.StartsWith("project_", StringComparison.Ordinal)
                    ? await UndoProjectAsync(context, happened)
                    : await UndoTaskAsync(context, happened);
            },
            (_, done) => Answer(done));

        async ValueTask<CommandResult<Undone>> UndoTaskAsync(CommandContext context, RecordedEvent happened)
        {
            var change = await ChangeOfAsync(happened, http.RequestAborted);
            var before = change[0].Version == 1 ? TaskState.Initial : await tasks.FindAtAsync(context.Tenant, happened.StreamId, change[0].Version - 1, http.RequestAborted);
            return Map(
                await tasks.ChangeAsync(context, happened.StreamId, new UndoTaskChange([.. change.Select(e => e.Body!)], before!), done => Answer(Tell(happened, done, done.State.Key)), CancellationToken.None),
                done => Tell(happened, done, done.State.Key));
        }

        async ValueTask<CommandResult<Undone>> UndoProjectAsync(CommandContext context, RecordedEvent happened)
        {
            var change = await ChangeOfAsync(happened, http.RequestAborted);
            var before = change[0].Version == 1 ? ProjectState.Initial : await projects.FindAtAsync(context.Tenant, happened.StreamId, change[0].Version - 1, http.RequestAborted);
            return Map(
                await projects.ChangeAsync(context, happened.StreamId, new UndoProjectChange([.. change.Select(e => e.Body!)], before!), done => Answer(Tell(happened, done, done.State.Key)), CancellationToken.None),
                done => Tell(happened, done, done.State.Key));
        }

        static CommandResult<Undone>.Done Tell<TState>(RecordedEvent happened, CommandResult<TState>.Done done, string key) =>
            new(new Undone(happened.StreamId, key), done.Version, done.Position, done.At, done.Events);
    }

    private async Task<RecordedEvent?> FindAsync(long position, Caller caller, CancellationToken ct)
    {
        await foreach (var recorded in events.ReadAllAsync(position - 1, new EventFilter { Tenant = caller.Tenant, UpTo = position }, ct))
        {
            var isProject = recorded.Body is ProjectCreated or ProjectRenamed or ProjectDescribed or ProjectLeadChanged or ProjectRescheduled or ProjectStatusChanged or ProjectArchived or ProjectRestored;
            if (recorded.Body is ProjectKeyReserved reserved)
                return caller.Sees(reserved.ProjectId) ? recorded : null;
            if (isProject)
                return caller.Sees(recorded.StreamId) && caller.Permissions.Holds(Permission.ProjectsWrite) ? recorded : null;
            return TaskEventNames.All.Contains(recorded.Type) && await tasks.ProjectOfAsync(caller.Tenant, recorded.StreamId, ct) is { } project && caller.Sees(project)
                ? recorded
                : null;
        }

        return null;
    }

    /// <summary>The events that the same request made of the same thing, in order: all or none of them are undone.</summary>
    private async Task<IReadOnlyList<RecordedEvent>> ChangeOfAsync(RecordedEvent happened, CancellationToken ct)
    {
        var change = new List<RecordedEvent>();
        await foreach (var recorded in events.ReadStreamAsync(happened.Tenant, happened.StreamId, Math.Max(1, happened.Version - MostOfAChange), ct))
        {
            if (IsOfOneRequest(recorded, happened))
                change.Add(recorded.Body is null or UnreadableEvent ? throw new UnreadableEventException(recorded) : recorded);
            else if (recorded.Version > happened.Version)
                break;
            else
                change.Clear();
        }

        // What is made with its parts goes with its parts.
        return change[0].Body is TaskCreated ? [change[0]] : change;
    }

    // One append has one time, and one request one correlation; versions of a stream in between belong to nobody else.
    private static bool IsOfOneRequest(RecordedEvent one, RecordedEvent other) =>
        one.Timestamp == other.Timestamp && one.Metadata.Actor == other.Metadata.Actor && one.Metadata.CorrelationId == other.Metadata.CorrelationId;

    private static CommandResult<Undone> Refuse(string code, string detail) => new CommandResult<Undone>.Refused(code, detail, "/position");

    private static CommandResult<Undone> Map<TState>(CommandResult<TState> result, Func<CommandResult<TState>.Done, CommandResult<Undone>.Done> map) => result switch
    {
        CommandResult<TState>.Done done => map(done),
        CommandResult<TState>.Refused refused => new CommandResult<Undone>.Refused(refused.Code, refused.Detail, refused.Pointer),
        CommandResult<TState>.Invalid invalid => new CommandResult<Undone>.Invalid(invalid.Errors),
        CommandResult<TState>.VersionMismatch stale => new CommandResult<Undone>.VersionMismatch(stale.Expected, stale.Actual),
        CommandResult<TState>.Replayed replayed => new CommandResult<Undone>.Replayed(replayed.Answer, replayed.Position),
        CommandResult<TState>.KeyReused reused => new CommandResult<Undone>.KeyReused(reused.Key),
        _ => new CommandResult<Undone>.Contended(),
    };

    private static StoredAnswer Answer(CommandResult<Undone>.Done done) => new(
        200,
        null,
        Versions.ETag(done.Version),
        JsonBytes.Render(done, static (json, d) => ChangeJson.Write(json, d.State.Id, d.State.Key, d.Version, d.Events)));
}

public static class UndoEndpoint
{
    public static void MapUndo(this IEndpointRouteBuilder api) =>
        api.MapPost("/undo", api.ServiceProvider.GetRequiredService<UndoHandler>().UndoAsync).RequirePermission(Permission.TasksWrite).Describe(new("undo", "History", "Undo one's own change")
        {
            Description = "The `position` is what `Events-Position` said of the change, or what the history says of any of its events. All that the request changed of the task or project goes back, or nothing. The inverse is a change of its own; when the same thing was changed again since, or there is no way back, the answer is a 422 that says so.",
            Body = UndoRequest.Shape,
            Example = Examples.Change("task_retitled"),
            Commands = [typeof(UndoTaskChange), typeof(UndoTaskEvent), typeof(UndoProjectChange), typeof(UndoProjectEvent)],
        });
}
