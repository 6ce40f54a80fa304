using Events.Commands.Handling;
using Events.EventStore;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Idempotency;
using Events.Http.Problems;

namespace Events.Http.Jobs;

/// <summary>
/// What is asked of a job, once per idempotency key. The answer is kept after the act, in a transaction of its own: a process
/// that dies in between leaves an act that is asked again, and cancel and retry come to the same end when they are.
/// </summary>
public sealed class JobActions(EventReader kept, EventAppender appender, InFlightKeys inFlight)
{
    /// <param name="act">Does it; what it refuses is not kept, and may be asked again.</param>
    public async Task OnceAsync(HttpContext http, Func<Task<(Problem? Refusal, StoredAnswer? Answer)>> act)
    {
        var caller = http.Features.Get<Caller>()!;
        var key = IdempotencyKey.Read(http, caller, ReadOnlyMemory<byte>.Empty, out var malformed);
        if (malformed is not null)
        {
            await http.Response.WriteAsync(malformed);
            return;
        }

        if (key is null)
        {
            var (refusal, answer) = await act();
            await AnswerAsync(http, refusal, answer);
            return;
        }

        if (!inFlight.TryEnter(caller.Tenant, key.Key))
        {
            await http.Response.WriteAsync(CommandRunner.InFlight);
            return;
        }

        try
        {
            var (refusal, answer) = await RepeatedAsync(http, caller, key) ?? await KeptAsync(http, caller, key, await act());
            await AnswerAsync(http, refusal, answer);
        }
        finally
        {
            inFlight.Leave(caller.Tenant, key.Key);
        }
    }

    private async Task<(Problem?, StoredAnswer?)?> RepeatedAsync(HttpContext http, Caller caller, IdempotentRequest key)
    {
        if (await kept.FindIdempotentAnswerAsync(caller.Tenant, key.Key, http.RequestAborted) is not { } found)
            return null;
        return found.RequestHash.Span.SequenceEqual(key.Hash.Span) ? (null, Replayed(http, found.Answer)) : (Reused(key.Key), null);
    }

    private async Task<(Problem?, StoredAnswer?)> KeptAsync(HttpContext http, Caller caller, IdempotentRequest key, (Problem? Refusal, StoredAnswer? Answer) done)
    {
        if (done.Answer is not { } answer)
            return done;
        var unit = new UnitOfWork(caller.Tenant, []) { Idempotency = new IdempotencyRecord(key.Key, key.Hash, answer) };
        return await appender.AppendAsync(unit, CancellationToken.None) switch
        {
            AppendOutcome.Replayed replayed => (null, Replayed(http, replayed.Answer)),
            AppendOutcome.IdempotencyKeyReused reused => (Reused(reused.Key), null),
            _ => done,
        };
    }

    private static Problem Reused(string key) => Refusals.Of(new CommandResult<object>.KeyReused(key));

    private static StoredAnswer Replayed(HttpContext http, StoredAnswer answer)
    {
        http.Response.Headers["Idempotency-Replayed"] = "true";
        return answer;
    }

    private static async Task AnswerAsync(HttpContext http, Problem? refusal, StoredAnswer? answer)
    {
        if (refusal is not null)
        {
            await http.Response.WriteAsync(refusal);
            return;
        }

        http.Response.StatusCode = answer!.Status;
        if (answer.Location is not null)
        {
            http.Response.Headers.Location = answer.Location;
            http.Response.Headers.RetryAfter = "1";
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Body.Length;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.BodyWriter.WriteAsync(answer.Body, http.RequestAborted);
    }
}
