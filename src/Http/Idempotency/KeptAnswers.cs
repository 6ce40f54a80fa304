using Events.Commands.Handling;
using Events.EventStore;
using Events.Http.Auth;
using Events.Http.Problems;

namespace Events.Http.Idempotency;

/// <summary>Looks whether a key was used, for endpoints that save something before they answer.</summary>
public sealed class KeptAnswers(EventReader events)
{
    /// <summary>Answers a repeat, or a key that was used for something else; false: the key is new.</summary>
    public async ValueTask<bool> FindAsync(HttpContext http, Caller caller, IdempotentRequest request)
    {
        if (await events.FindIdempotentAnswerAsync(caller.Tenant, request.Key, http.RequestAborted) is not { } kept)
            return false;
        if (!kept.RequestHash.Span.SequenceEqual(request.Hash.Span))
        {
            await http.Response.WriteAsync(Refusals.Of(new CommandResult<Caller>.KeyReused(request.Key)));
            return true;
        }

        var response = http.Response;
        response.StatusCode = kept.Answer.Status;
        response.Headers["Idempotency-Replayed"] = "true";
        response.Headers.Location = kept.Answer.Location;
        if (kept.Answer.Status == StatusCodes.Status202Accepted)
            response.Headers.RetryAfter = "1";
        response.ContentType = "application/json";
        response.ContentLength = kept.Answer.Body.Length;
        await response.BodyWriter.WriteAsync(kept.Answer.Body);
        return true;
    }
}
