using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record UnwatchTask(Guid PersonId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Watchers.Contains(PersonId) ? Decision.Accept(new TaskUnwatched(PersonId)) : Decision.Nothing);
}
