using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Takes the task out of every list. Its events stay, and it can be restored.</summary>
public sealed record DeleteTask : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        task.IsDeleted ? Decision.Nothing : Decision.Accept(new TaskDeleted());
}
