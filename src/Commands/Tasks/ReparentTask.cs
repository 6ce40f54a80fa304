using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="ParentId">A task of the same project; null: a task of its own.</param>
public sealed record ReparentTask(Guid? ParentId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        if (task.ParentId == ParentId)
            return Decision.Nothing;
        return RefuseParent(facts.TaskId, task.ProjectId, ParentId, facts) ?? Decision.Accept(new TaskReparented(task.ParentId, ParentId));
    }

    /// <summary>null when the parent may be.</summary>
    internal static Decision? RefuseParent(Guid taskId, Guid projectId, Guid? parentId, TaskFacts facts)
    {
        if (parentId is null)
            return null;
        if (facts.Parent is not { Count: > 0 } line)
            return Decision.Refuse("parent_not_found", "There is no such task to be the parent.", "/parentId");
        if (line[0].Task.ProjectId != projectId)
            return Decision.Refuse("parent_in_other_project", "A task and its parent belong to one project.", "/parentId");
        if (line.Any(ancestor => ancestor.Id == taskId))
            return Decision.Refuse("parent_cycle", "A task cannot be below itself.", "/parentId");
        if (line.Count > Limits.ParentDepth)
            return Decision.Refuse("parent_too_deep", $"Tasks nest at most {Limits.ParentDepth} deep.", "/parentId");
        return null;
    }
}
