using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

public sealed record DeleteComment(Guid CommentId) : TaskCommand
{
    internal override Decision Decide(TaskState task, TaskFacts facts)
    {
        if (RefuseUnlessOpen(task) is { } refusal)
            return refusal;
        if (task.Comments.FirstOrDefault(c => c.Id == CommentId) is not { } comment)
            return Decision.Nothing;
        return comment.Author == facts.Actor || facts.MayModerate
            ? Decision.Accept(new CommentDeleted(CommentId))
            : Decision.Refuse("not_the_author", "A comment is deleted by its author or an admin.");
    }
}
