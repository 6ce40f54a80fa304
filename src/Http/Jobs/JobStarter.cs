using Events.Commands.Handling;
using Events.EventStore;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Idempotency;
using Events.Http.Problems;
using Events.Messaging.Jobs;
using Events.Platform.Outbox;

namespace Events.Http.Jobs;

/// <summary>Answers 202 for long work: the job and what is kept under the caller's idempotency key are stored in one transaction.</summary>
public sealed class JobStarter(EventAppender appender, InFlightKeys inFlight, TimeProvider time)
{
    public async Task StartAsync(HttpContext http, Caller caller, IdempotentRequest? key, OutboxMessage message)
    {
        if (key is not null && !inFlight.TryEnter(caller.Tenant, key.Key))
        {
            await http.Response.WriteAsync(CommandRunner.InFlight);
            return;
        }
        try
        {
            var job = new Job(message.Id, message.Type, "queued", false, 0, 0, null, null, null, null, null, time.GetUtcNow(), null, null);
            var answer = new StoredAnswer(202, $"/api/v1/jobs/{message.Id}", null, JobJson.Detail(job, []));
            // What has begun is finished: the caller may hang up, the job is there all the same.
            var outcome = await appender.AppendAsync(
                new UnitOfWork(caller.Tenant, [])
                {
                    Messages = [message],
                    Idempotency = key is null ? null : new IdempotencyRecord(key.Key, key.Hash, answer),
                },
                CancellationToken.None);
            await AnswerAsync(http, outcome, answer);
        }
        finally
        {
            if (key is not null)
                inFlight.Leave(caller.Tenant, key.Key);
        }
    }

    private static async Task AnswerAsync(HttpContext http, AppendOutcome outcome, StoredAnswer answer)
    {
        if (outcome is AppendOutcome.IdempotencyKeyReused reused)
        {
            await http.Response.WriteAsync(Refusals.Of(new CommandResult<Job>.KeyReused(reused.Key)));
            return;
        }
        if (outcome is AppendOutcome.Replayed replayed)
        {
            http.Response.Headers["Idempotency-Replayed"] = "true";
            answer = replayed.Answer;
        }
        http.Response.StatusCode = answer.Status;
        http.Response.Headers.Location = answer.Location;
        http.Response.Headers.RetryAfter = "1";
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Body.Length;
        await http.Response.BodyWriter.WriteAsync(answer.Body);
    }
}
