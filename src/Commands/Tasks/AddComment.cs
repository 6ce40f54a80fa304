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
        var existing = task.Comments.FirstOrDefault(c => c.Id == CommentId);
        if (existing is not null)
        {
            return existing.Body == Body && existing.Author == facts.Actor
                ? Decision.Nothing
                : Decision.Refuse("comment_exists", "Another comment of the task has this id.", "/id");
        }

        return task.Comments.Length >= Limits.Comments
            ? Decision.Refuse("too_many_comments", $"A task has at most {Limits.Comments} comments.")
            : Decision.Accept(new CommentAdded(CommentId, Body, facts.Actor));
    }
}
