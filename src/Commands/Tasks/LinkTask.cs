using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record LinkTask(LinkKind Kind, Guid OtherTaskId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Links.Contains((Kind, OtherTaskId)) ? Decision.Nothing
            : OtherTaskId == facts.TaskId ? Decision.Refuse("link_to_itself", "A task cannot be linked to itself.", "/taskId")
            : !facts.OtherExists ? Decision.Refuse("linked_task_not_found", "There is no such task to link to.", "/taskId")
            : facts.LinkedOn.Any(on => on.Id == facts.TaskId) ? Decision.Refuse("link_cycle", $"The other task {(Kind == LinkKind.Blocks ? "blocks" : "duplicates")} this one already, itself or by others.", "/taskId")
            : task.Links.Length >= Limits.Links ? Decision.Refuse("too_many_links", $"A task has at most {Limits.Links} links.")
            : Decision.Accept(new TaskLinked(Kind, OtherTaskId)));
}
