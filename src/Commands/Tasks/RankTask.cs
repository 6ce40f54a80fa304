using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Puts the task at a place on its board.</summary>
/// <param name="Rank">Between the neighbours' ranks, see <see cref="Tasks.Rank.Between"/>.</param>
public sealed record RankTask(string Rank) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors)
    {
        if (!Tasks.Rank.IsValid(Rank))
            errors.Add("/rank", "malformed_rank", $"A rank is 1 to {Limits.Rank} of the characters 0-9 and a-z and does not end in 0.");
    }

    internal override Decision Decide(TaskState task, TaskFacts facts) =>
        RefuseUnlessOpen(task)
        ?? (task.Rank == Rank ? Decision.Nothing : Decision.Accept(new TaskReranked(Rank)));
}
