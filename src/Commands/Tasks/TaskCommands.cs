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
    TaskNumbers numbers)
{
    public static AggregateDefinition<TaskState> Aggregate { get; } = new("task_state", TaskState.Initial, TaskState.Evolve) { StartsWith = typeof(TaskCreated) };

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
                var facts = new TaskFacts(context.Actor, Parent: await LineOfAsync(context.Tenant, command.ParentId, ct)) { TaskId = command.TaskId };
                return command.Refuse(project, facts)
                    ?? command.Decide(project, facts, await numbers.NextAsync(context.Tenant, command.ProjectId, ct));
            },
            answer,
            [],
            ct);
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
                : command.Decide(task, await FactsAsync(context, taskId, command, ct)),
            answer,
            [],
            ct);
    }

    /// <summary>The task as it was at a version; null when it had none such.</summary>
    public async Task<TaskState?> FindAtAsync(TenantId tenant, Guid taskId, long version, CancellationToken ct)
    {
        var (task, found) = await tasks.LoadAtAsync(tenant, taskId, version, ct);
        return found == version ? task : null;
    }

    /// <summary>The project that a task belongs to; null when there is no such task.</summary>
    public async ValueTask<Guid?> ProjectOfAsync(TenantId tenant, Guid taskId, CancellationToken ct) =>
        (await tasks.LoadAsync(tenant, taskId, ct)).State is { Exists: true } task ? task.ProjectId : null;

    private async ValueTask<TaskFacts> FactsAsync(CommandContext context, Guid taskId, TaskCommand command, CancellationToken ct)
    {
        var facts = new TaskFacts(context.Actor, context.MayModerate) { TaskId = taskId };
        foreach (var part in PartsOf(command))
        {
            facts = part switch
            {
                ReparentTask reparent => facts with { Parent = await LineOfAsync(context.Tenant, reparent.ParentId, ct) },
                LinkTask link => facts with { OtherExists = (await tasks.LoadAsync(context.Tenant, link.OtherTaskId, ct)).State is { Exists: true, IsDeleted: false } },
                _ => facts,
            };
        }

        return facts;
    }

    /// <summary>What a change would come to, without making it.</summary>
    public async ValueTask<Result> TryChangeAsync(CommandContext context, Guid taskId, TaskCommand command, CancellationToken ct)
    {
        var (task, version) = await tasks.LoadAsync(context.Tenant, taskId, ct);
        return (version == 0 ? Missing : command.Decide(task, await FactsAsync(context, taskId, command, ct))) switch
        {
            Decision.Refused refused => new Result.Refused(refused.Code, refused.Detail, refused.Pointer),
            Decision.Accepted accepted => new Result.Done(task, version, 0, null, accepted.Events),
            _ => new Result.Done(task, version, 0, null, []),
        };
    }

    private static IReadOnlyList<TaskCommand> PartsOf(TaskCommand command) => command switch
    {
        ChangeTask change => change.Changes,
        UndoTaskChange undo => undo.Inverse is { } inverse ? [inverse] : [],
        _ => [command],
    };

    /// <summary>The named task and its ancestors, nearest first, one more than may be; null when it does not exist.</summary>
    private async ValueTask<IReadOnlyList<(Guid Id, TaskState Task)>?> LineOfAsync(TenantId tenant, Guid? named, CancellationToken ct)
    {
        if (named is null)
            return null;
        var line = new List<(Guid, TaskState)>(1);
        for (var id = named; id is { } ancestor && line.Count <= Limits.ParentDepth;)
        {
            var (task, version) = await tasks.LoadAsync(tenant, ancestor, ct);
            if (version == 0 || (line.Count == 0 && task.IsDeleted))
                break;
            line.Add((ancestor, task));
            id = task.ParentId;
        }

        return line.Count == 0 ? null : line;
    }

    private static readonly Decision Missing = Decision.Refuse("no_such_task", "There is no such task.");
}
