using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record PrioritiseTask(Priority Priority) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Priority == Priority ? Decision.Nothing : Decision.Accept(new TaskPrioritised(task.Priority, Priority)));
}
