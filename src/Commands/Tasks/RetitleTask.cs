using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record RetitleTask(string Title) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Text("/title", Title, Limits.Title);

    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Title == Title ? Decision.Nothing : Decision.Accept(new TaskRetitled(task.Title, Title)));
}
