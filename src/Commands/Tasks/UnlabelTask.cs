using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record UnlabelTask(string Label) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Labels.Contains(Label) ? Decision.Accept(new TaskUnlabelled(Label)) : Decision.Nothing);
}
