using Events.Commands.Access;
using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.Numbering;
using Events.Commands.Projects;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.Tasks;

using Result = CommandResult<TaskState>;

/// <summary>Carries out what people want of tasks.</summary>
public sealed class TaskCommands(
    AggregateLoader<TaskState> tasks,
    AggregateLoader<ProjectState> projects,
    EventAppender appender,
    EventReader reader,
    WorkspacePeople people,
    TaskNumbers numbers)
{
    public static AggregateDefinition<TaskState> Aggregate { get; } = new("task_state", TaskState.Initial, TaskState.Evolve) { StartsWith = typeof(TaskCreated), Weigh = TaskState.Weigh };

    private readonly CommandLoop<TaskState> loop = new(Aggregate, tasks, appender, reader);

    /// <param name="answer">What to keep under the caller's idempotency key.</param>
    public ValueTask<Result> CreateAsync(CommandContext context, CreateTask command, Func<Result.Done, StoredAnswer> answer, CancellationToken ct)
    {
        var errors = default(FieldErrors);
        command.Validate(ref errors);
        if (errors.Any)
            return new(new Result.Invalid(errors.Found));
        return loop.RunAsync(
            context,
            command.TaskId,
            async (task, _) =>
            {
                if (task.Exists)
                    return Decision.Refuse("task_exists", "A task has this id.", "/id");
                var (project, _) = await projects.LoadAsync(context.Tenant, command.ProjectId, ct);
                var facts = new TaskFacts(context.Actor, Parent: await LineOfAsync(context, command.ParentId, ct))
                {
                    TaskId = command.TaskId,
                    Strangers = await StrangersAsync(context, command.AssigneeId, ct),
                    Outsiders = await OutsidersAsync(context, command.AssigneeId, command.ProjectId, ct),
                };
                return command.Refuse(project, facts)
                    ?? command.Decide(project, facts, await numbers.NextAsync(context.Tenant, command.ProjectId, ct));
            },
            answer,
            [],
            ct,
            likelyNew: true);
    }

    /// <summary>Any change to a task that exists.</summary>
    public ValueTask<Result> ChangeAsync(
        CommandContext context, Guid taskId, TaskCommand command, Func<Result.Done, StoredAnswer> answer, CancellationToken ct)
    {
        var errors = default(FieldErrors);
        command.Validate(ref errors);
        if (errors.Any)
            return new(new Result.Invalid(errors.Found));
        return loop.RunAsync(
            context,
            taskId,
            async (task, version) => version == 0 || context.HiddenProjects.Contains(task.ProjectId)
                ? Missing
                : Decide(task, await FactsAsync(context, taskId, task.ProjectId, command, ct)),
            answer,
            [],
            ct);

        // Two people who put two tasks below each other at the same moment both see no cycle. The line that the new parent stands in
        // must be at commit what it was here; a line that changed is read and decided on again. So with two who make two tasks block each other.
        Decision Decide(TaskState task, TaskFacts facts) => command.Decide(task, facts) switch
        {
            Decision.Accepted accepted when accepted.Events.Any(e => e is TaskLinked) => accepted with { RestsOn = facts.LinkedOn },
            Decision.Accepted accepted when accepted.Events.Any(e => e is TaskReparented { To: not null }) =>
                accepted with { RestsOn = [.. facts.Parent!.Select(ancestor => (ancestor.Id, ancestor.Version))] },
            var decision => decision,
        };
    }

    /// <summary>Puts a task beside others of its project.</summary>
    /// <param name="next">The rank that follows a neighbour's (true) or leads to it (false) in its project, the moved task's own left out; null: there is none.</param>
    public ValueTask<Result> PlaceAsync(
        CommandContext context,
        Guid taskId,
        PlaceTask command,
        Func<Guid, RankNeighbour, bool, ValueTask<string?>> next,
        Func<Result.Done, StoredAnswer> answer,
        CancellationToken ct)
    {
        var errors = default(FieldErrors);
        command.Validate(ref errors);
        if (errors.Any)
            return new(new Result.Invalid(errors.Found));
        return loop.RunAsync(
            context,
            taskId,
            async (task, version) => version == 0 || context.HiddenProjects.Contains(task.ProjectId)
                ? Missing
                : command.Decide(task, await NeighboursAsync(context, taskId, command, next, ct)),
            answer,
            [],
            ct);
    }

    // Read past the cache: a neighbour that another process moved a moment ago is not where it was.
    private async ValueTask<TaskFacts> NeighboursAsync(
        CommandContext context, Guid taskId, PlaceTask command, Func<Guid, RankNeighbour, bool, ValueTask<string?>> next, CancellationToken ct)
    {
        var behind = command.After is { } after ? await NeighbourAsync(context, after, ct) : null;
        var ahead = command.Before is { } before ? await NeighbourAsync(context, before, ct) : null;
        if (command.Before is null && behind is not null && await next(command.After!.Value, behind, true) is { } following)
            ahead = behind with { Rank = following };
        if (command.After is null && ahead is not null && await next(command.Before!.Value, ahead, false) is { } leading)
            behind = ahead with { Rank = leading };
        return new TaskFacts(context.Actor) { TaskId = taskId, Behind = behind, Ahead = ahead };
    }

    private async ValueTask<RankNeighbour?> NeighbourAsync(CommandContext context, Guid id, CancellationToken ct) =>
        (await tasks.ReloadAsync(context.Tenant, id, ct)).State is { Exists: true, IsDeleted: false } task && !context.HiddenProjects.Contains(task.ProjectId) ? new RankNeighbour(task.ProjectId, task.Rank) : null;

    /// <summary>The task as it was at a version; null when it had none such.</summary>
    public async Task<TaskState?> FindAtAsync(TenantId tenant, Guid taskId, long version, CancellationToken ct)
    {
        var (task, found) = await tasks.LoadAtAsync(tenant, taskId, version, ct);
        return found == version ? task : null;
    }

    /// <summary>The project that a task belongs to; null when there is no such task.</summary>
    public async ValueTask<Guid?> ProjectOfAsync(TenantId tenant, Guid taskId, CancellationToken ct) =>
        (await tasks.LoadAsync(tenant, taskId, ct)).State is { Exists: true } task ? task.ProjectId : null;

    private async ValueTask<TaskFacts> FactsAsync(CommandContext context, Guid taskId, Guid projectId, TaskCommand command, CancellationToken ct)
    {
        var facts = new TaskFacts(context.Actor, context.MayModerate) { TaskId = taskId };
        foreach (var part in PartsOf(command))
        {
            facts = part switch
            {
                ReparentTask reparent => facts with { Parent = await LineOfAsync(context, reparent.ParentId, ct) },
                AssignTask assign => facts with
                {
                    Strangers = await StrangersAsync(context, assign.AssigneeId, ct),
                    Outsiders = await OutsidersAsync(context, assign.AssigneeId, projectId, ct),
                },
                WatchTask watch => facts with
                {
                    Strangers = await StrangersAsync(context, watch.PersonId, ct),
                    Outsiders = await OutsidersAsync(context, watch.PersonId, projectId, ct),
                },
                LinkTask link => facts with
                {
                    OtherExists = (await tasks.LoadAsync(context.Tenant, link.OtherTaskId, ct)).State is { Exists: true, IsDeleted: false } other
                        && !context.HiddenProjects.Contains(other.ProjectId),
                    LinkedOn = link.Kind == LinkKind.Relates ? [] : await LinkedOnAsync(context, link, ct),
                },
                _ => facts,
            };
        }

        return facts;
    }

    private async ValueTask<IReadOnlyCollection<Guid>> StrangersAsync(CommandContext context, Guid? named, CancellationToken ct) =>
        named is not { } person || await people.KnowsAsync(context.Tenant, person, ct) ? [] : [person];

    private async ValueTask<IReadOnlyCollection<Guid>> OutsidersAsync(CommandContext context, Guid? named, Guid projectId, CancellationToken ct) =>
        named is not { } person || await people.SeesAsync(context.Tenant, person, projectId, ct) ? [] : [person];

    /// <summary>What a change would come to, without making it.</summary>
    public async ValueTask<Result> TryChangeAsync(CommandContext context, Guid taskId, TaskCommand command, CancellationToken ct)
    {
        var (task, version) = await tasks.LoadAsync(context.Tenant, taskId, ct);
        return (version == 0 ? Missing : command.Decide(task, await FactsAsync(context, taskId, task.ProjectId, command, ct))) switch
        {
            Decision.Refused refused => new Result.Refused(refused.Code, refused.Detail, refused.Pointer),
            Decision.Accepted accepted => new Result.Done(task, version, 0, null, accepted.Events),
            _ => new Result.Done(task, version, 0, null, []),
        };
    }

    private static IReadOnlyList<TaskCommand> PartsOf(TaskCommand command) => command switch
    {
        ChangeTask change => change.Changes,
        UndoTaskChange undo => [.. undo.Steps.Select(step => step.Inverse).OfType<TaskCommand>()],
        _ => [command],
    };

    /// <summary>The named task and its ancestors, nearest first, one more than may be; null when it does not exist for the caller.</summary>
    private async ValueTask<IReadOnlyList<Ancestor>?> LineOfAsync(CommandContext context, Guid? named, CancellationToken ct)
    {
        if (named is null)
            return null;
        var line = new List<Ancestor>(1);
        for (var id = named; id is { } ancestor && line.Count <= Limits.ParentDepth;)
        {
            var (task, version) = await tasks.LoadAsync(context.Tenant, ancestor, ct);
            if (version == 0 || (line.Count == 0 && (task.IsDeleted || context.HiddenProjects.Contains(task.ProjectId))))
                break;
            line.Add(new Ancestor(ancestor, task, version));
            id = task.ParentId;
        }

        return line.Count == 0 ? null : line;
    }

    /// <summary>Nearest first; what is further than the limit is not looked at.</summary>
    private async ValueTask<IReadOnlyList<(Guid Id, long Version)>> LinkedOnAsync(CommandContext context, LinkTask link, CancellationToken ct)
    {
        var seen = new List<(Guid Id, long Version)>();
        var ahead = new Queue<Guid>([link.OtherTaskId]);
        while (seen.Count < Limits.LinkedOn && ahead.TryDequeue(out var id))
        {
            if (seen.Any(s => s.Id == id))
                continue;
            var (task, version) = await tasks.LoadAsync(context.Tenant, id, ct);
            if (version == 0 || task.IsDeleted)
                continue;
            seen.Add((id, version));
            foreach (var (kind, other) in task.Links)
            {
                if (kind == link.Kind)
                    ahead.Enqueue(other);
            }
        }

        return seen;
    }

    private static readonly Decision Missing = Decision.Refuse("no_such_task", "There is no such task.");
}
