using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Idempotency;
using Events.Http.Problems;

namespace Events.Http.Commanding;

/// <summary>What every command endpoint does around its command: read and bind the body, keys and versions, run, answer.</summary>
public sealed class CommandRunner(InFlightKeys inFlight, ReplayedAnswers replays)
{
    public const string PositionHeader = "Events-Position";

    /// <param name="run">Carries the command out and says what the answer is; the same answer is kept under the idempotency key.</param>
    /// <param name="emptyIsObject">Whether the body may be left out.</param>
    public async Task RunAsync<TBody, TState>(
        HttpContext http,
        BodyShape<TBody> shape,
        Func<TBody, CommandContext, Caller, ValueTask<CommandResult<TState>>> run,
        Func<TBody, CommandResult<TState>.Done, StoredAnswer> answer,
        bool emptyIsObject = false,
        int bodyLimit = RequestBody.DefaultLimit)
        where TBody : class, new()
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http, bodyLimit);
        if (problem is not null)
        {
            await http.Response.WriteAsync(problem);
            return;
        }

        using (body)
        {
            var bound = body!.Bind(shape, out problem, emptyIsObject);
            var ifMatch = problem is null ? Versions.IfMatch(http.Request, out problem) : null;
            var key = problem is null ? IdempotencyKey.Read(http, caller, body.Bytes, out problem) : null;
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }

            var context = ContextOf(http, caller) with { IfMatch = ifMatch, Idempotency = key };
            await RunAsync(http, bound!, context, caller, run, answer);
        }
    }

    private async Task RunAsync<TBody, TState>(
        HttpContext http,
        TBody body,
        CommandContext context,
        Caller caller,
        Func<TBody, CommandContext, Caller, ValueTask<CommandResult<TState>>> run,
        Func<TBody, CommandResult<TState>.Done, StoredAnswer> answer)
    {
        if (context.Idempotency is { } request && !inFlight.TryEnter(context.Tenant, request.Key))
        {
            await http.Response.WriteAsync(InFlight);
            return;
        }

        try
        {
            switch (await run(body, context, caller))
            {
                case CommandResult<TState>.Done done:
                    await AnswerAsync(http, answer(body, done), done.Position);
                    break;
                case CommandResult<TState>.Replayed replayed:
                    http.Response.Headers["Idempotency-Replayed"] = "true";
                    await AnswerAsync(http, await replays.CompleteAsync(context.Tenant, replayed.Answer, replayed.Position, http.RequestAborted), replayed.Position);
                    break;
                case var refusal:
                    await http.Response.WriteAsync(Refusals.Of(refusal));
                    break;
            }
        }
        finally
        {
            if (context.Idempotency is { } entered)
                inFlight.Leave(context.Tenant, entered.Key);
        }
    }

    public static Problem InFlight { get; } = new(409, "idempotency_key_in_flight", "The first request with this Idempotency-Key is still being answered.") { RetryAfter = 1 };

    public static CommandContext ContextOf(HttpContext http, Caller caller)
    {
        var metadata = caller.Metadata(http);
        return new CommandContext(caller.Tenant, caller.Actor)
        {
            HiddenProjects = caller.HiddenProjects,
            MayModerate = caller.Permissions.Holds(Permission.MembersWrite),
            CorrelationId = metadata.CorrelationId,
            CausationId = metadata.CausationId,
            TraceParent = metadata.TraceParent,
            Headers = metadata.Headers,
        };
    }

    private static async Task AnswerAsync(HttpContext http, StoredAnswer answer, long position)
    {
        var response = http.Response;
        response.StatusCode = answer.Status;
        if (answer.Location is not null)
            response.Headers.Location = answer.Location;
        if (answer.ETag is not null)
            response.Headers.ETag = answer.ETag;
        if (position > 0)
            response.Headers[PositionHeader] = position.ToString();
        if (answer.Body.IsEmpty)
            return;
        response.ContentType = "application/json";
        response.ContentLength = answer.Body.Length;
        await response.BodyWriter.WriteAsync(answer.Body);
    }
}
