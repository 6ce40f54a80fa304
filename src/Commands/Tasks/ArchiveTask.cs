using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Puts the task away: out of lists unless asked for, unchangeable until it is unarchived.</summary>
public sealed record ArchiveTask : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        task.IsArchived && !task.IsDeleted ? Decision.Nothing : RefuseUnlessOpen(task) ?? Decision.Accept(new TaskArchived());
}
