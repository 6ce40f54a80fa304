using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="Estimate">Points; null: none.</param>
public sealed record EstimateTask(decimal? Estimate) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Range("/estimate", Estimate, 0, Limits.Estimate);

    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Estimate == Estimate ? Decision.Nothing : Decision.Accept(new TaskEstimated(task.Estimate, Estimate)));
}
