using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="DueOn">null: no due date.</param>
public sealed record ScheduleTask(DateOnly? DueOn) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Date("/dueOn", DueOn);

    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.DueOn == DueOn ? Decision.Nothing : Decision.Accept(new TaskScheduled(task.DueOn, DueOn)));
}
