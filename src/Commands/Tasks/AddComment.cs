using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <param name="Body">Markdown.</param>
public sealed record AddComment(Guid CommentId, string Body) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Text("/body", Body, Limits.Comment);

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        // Also when it says the same: as with a task's id, what was made once is not made again, and a repeat under a key is answered by it.
        if (task.Comments.Any(c => c.Id == CommentId))
            return Decision.Refuse("comment_exists", "A comment of the task has this id.", "/id");
        return task.Comments.Length >= Limits.Comments
            ? Decision.Refuse("too_many_comments", $"A task has at most {Limits.Comments} comments.")
            : Decision.Accept(new CommentAdded(CommentId, Body, facts.Actor));
    }
}
