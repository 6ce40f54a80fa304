using Events.Commands.Handling;
using Events.EventStore;

namespace Events.Http.Problems;

/// <summary>The one table from what the domain refuses to what HTTP answers.</summary>
public static class Refusals
{
    public static Problem Of<TState>(CommandResult<TState> result) => result switch
    {
        CommandResult<TState>.Invalid invalid => Problem.Invalid(invalid.Errors),
        CommandResult<TState>.VersionMismatch stale => new Problem(
            412,
            "version_mismatch",
            stale.Expected.Count == 0
                ? $"It is at version {stale.Actual}, which none of the tags in If-Match is: read it again and decide anew."
                : $"It is at version {stale.Actual}, not {string.Join(" or ", stale.Expected)}: read it again and decide anew."),
        CommandResult<TState>.Contended => new Problem(503, "contended", "Others changed it again and again meanwhile: try again.") { RetryAfter = 1 },
        CommandResult<TState>.KeyReused => new Problem(422, "idempotency_key_reused", "The Idempotency-Key was used for another request within the last 24 hours."),
        CommandResult<TState>.Refused { Pointer: { } pointer } refused => Problem.OfField(StatusOf(refused.Code), refused.Code, refused.Detail, pointer),
        CommandResult<TState>.Refused refused => new Problem(StatusOf(refused.Code), refused.Code, refused.Detail),
        _ => throw new InvalidOperationException($"{result.GetType().Name} is not a refusal."),
    };

    public static Problem Of(UnreadableEventException found) => new(StatusOf(UnreadableHistory.Code), UnreadableHistory.Code, UnreadableHistory.Tell(found));

    /// <summary>404: what the path names is not there; 409: it is there and stands in the way; 403: not yours; else 422.</summary>
    public static int StatusOf(string code) => code switch
    {
        "no_such_task" or "no_such_project" or "no_such_change" or "comment_not_found" or "checklist_item_not_found" => 404,
        "workspace_not_found" or "member_not_found" or "invitation_not_found" or "label_not_found" or "token_not_found" or "person_not_found" => 404,
        "not_the_author" or "not_your_change" or "role_above_own" or "scope_above_own" or "not_a_member" => 403,
        "last_owner" or "already_a_member" or "label_taken" or "id_taken" or "email_taken" or "identifier_taken" or "limit_reached" or "too_many_workspaces" => 409,
        "task_exists" or "comment_exists" or "checklist_item_exists" or "project_exists" or "project_key_taken" or "name_taken" => 409,
        "task_deleted" or "task_archived" or "project_archived" or "stream_archived" or UnreadableHistory.Code => 409,
        _ => 422,
    };
}
