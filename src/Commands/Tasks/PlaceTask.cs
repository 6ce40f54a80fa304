using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>Puts the task between two others of its project, as a card is dropped on a board. At least one of them is named.</summary>
/// <param name="After">The task that it comes right behind; null: whatever is there.</param>
/// <param name="Before">The task that it comes right before; null: whatever is there.</param>
public sealed record PlaceTask(Guid? After, Guid? Before) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors)
    {
        if (After is null && Before is null)
            errors.Add("/after", "required", "It takes a task to come after, one to come before, or both.");
        else if (After == Before)
            errors.Add("/before", "either_or", "One task cannot be on both sides.");
    }

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        var refusal = RefuseUnlessOpen(task) ?? Refuse(task, After, facts.Behind, facts, "/after") ?? Refuse(task, Before, facts.Ahead, facts, "/before");
        if (refusal is not null)
            return refusal;
        var (low, high) = (facts.Behind?.Rank, facts.Ahead?.Rank);
        if (low is not null && high is not null && string.CompareOrdinal(low, high) >= 0)
            return Decision.Refuse("neighbours_out_of_order", "There is no place between the two: the first does not come before the second (any more).", "/before");
        if ((low is null || string.CompareOrdinal(low, task.Rank) < 0) && (high is null || string.CompareOrdinal(task.Rank, high) < 0))
            return Decision.Nothing;
        var rank = Rank.OfPlace(low, high, task.Number);
        return rank.Length <= Limits.Rank
            ? Decision.Accept(new TaskReranked(rank))
            : Decision.Refuse("no_room", "The two are too close by now: move one of them first.", "/before");
    }

    private static Decision? Refuse(TaskState task, Guid? named, RankNeighbour? found, TaskFacts facts, string pointer) =>
        named is not { } id ? null
        : id == facts.TaskId ? Decision.Refuse("next_to_itself", "A task cannot be its own neighbour.", pointer)
        : found is null ? Decision.Refuse("neighbour_not_found", "There is no such task.", pointer)
        : found.ProjectId != task.ProjectId ? Decision.Refuse("neighbour_in_other_project", "Neighbours belong to one project.", pointer)
        : null;
}

/// <summary>A task at one side of the place that a task is put to.</summary>
public sealed record RankNeighbour(Guid ProjectId, string Rank);
