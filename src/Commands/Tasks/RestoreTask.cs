using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record RestoreTask : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        task.IsDeleted ? Decision.Accept(new TaskRestored()) : Decision.Nothing;
}
