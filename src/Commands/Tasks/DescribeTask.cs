using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="Description">Markdown; null takes it away.</param>
public sealed record DescribeTask(string? Description) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.OptionalText("/description", Description, Limits.Description);

    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Description == Description ? Decision.Nothing : Decision.Accept(new TaskDescriptionChanged(Description)));
}
