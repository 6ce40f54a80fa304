using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record EditComment(Guid CommentId, string Body) : TaskCommand
{
    internal override void Validate(ref FieldErrors errors) => errors.Text("/body", Body, Limits.Comment);

    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        if (task.Comments.FirstOrDefault(c => c.Id == CommentId) is not { } comment)
            return Decision.Refuse("comment_not_found", "The task has no such comment.");
        if (comment.Author != facts.Actor)
            return Decision.Refuse("not_the_author", "A comment is edited by its author only.");
        return comment.Body == Body ? Decision.Nothing : Decision.Accept(new CommentEdited(CommentId, Body));
    }
}
