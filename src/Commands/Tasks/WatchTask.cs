using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record WatchTask(Guid PersonId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Watchers.Contains(PersonId) ? Decision.Nothing
            : facts.Strangers.Contains(PersonId) ? Decision.Refuse("person_not_found", "Nobody in this workspace has this id.")
            : facts.Outsiders.Contains(PersonId) ? Decision.Refuse("watcher_sees_not", "The project is hidden from this person: let them see it first.")
            : task.Watchers.Length >= Limits.Watchers ? Decision.Refuse("too_many_watchers", $"A task has at most {Limits.Watchers} watchers.")
            : Decision.Accept(new TaskWatched(PersonId)));
}
