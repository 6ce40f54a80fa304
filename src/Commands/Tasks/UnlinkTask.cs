using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record UnlinkTask(LinkKind Kind, Guid OtherTaskId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Links.Contains((Kind, OtherTaskId)) ? Decision.Accept(new TaskUnlinked(Kind, OtherTaskId)) : Decision.Nothing);
}
