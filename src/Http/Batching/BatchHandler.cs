using System.Text.Json;
using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Describing;
using Events.Http.Idempotency;
using Events.Http.Problems;
using Events.Http.Tasks;
using Events.Platform.Tenancy;

namespace Events.Http.Batching;

/// <summary>
/// Up to 200 operations in one request, each accepted or refused on its own and under a key of its own. They run at the same time, so
/// that the store writes them together; those that touch the same task keep their order.
/// </summary>
public sealed class BatchHandler(
    TaskCommands tasks, TaskHandlers handlers, EventAppender appender, ReplayedAnswers replays, InFlightKeys inFlight, TimeProvider clock)
{
    private const int BodyLimit = 1 << 20;

    private static readonly StoredAnswer Begun = new(200, null, null, ReadOnlyMemory<byte>.Empty);

    private sealed record Outcome(StoredAnswer? Answer, long Position, Problem? Problem);

    public async Task RunAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http, BodyLimit);
        using (body)
        {
            var batch = body?.Bind(BatchRequest.Shape, out problem);
            var whole = problem is null ? IdempotencyKey.Read(http, caller, body!.Bytes, out problem) : null;
            problem ??= Refuse(batch!);
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }

            if (whole is null)
            {
                await AnswerAsync(http, caller, batch!, whole);
                return;
            }

            if (!inFlight.TryEnter(caller.Tenant, whole.Key))
            {
                await http.Response.WriteAsync(CommandRunner.InFlight);
                return;
            }

            try
            {
                if (await BeginAsync(http, caller, whole))
                    await AnswerAsync(http, caller, batch!, whole);
            }
            finally
            {
                inFlight.Leave(caller.Tenant, whole.Key);
            }
        }
    }

    // Noted before the first operation, so that another batch under the key changes nothing, however many operations it has. What is
    // answered is kept with each operation: a batch that broke off is gone on with where it did.
    private async Task<bool> BeginAsync(HttpContext http, Caller caller, IdempotentRequest whole)
    {
        var begun = new UnitOfWork(caller.Tenant, []) { Idempotency = new IdempotencyRecord(whole.Key, whole.Hash, Begun) };
        switch (await appender.AppendAsync(begun, CancellationToken.None))
        {
            case AppendOutcome.IdempotencyKeyReused reused:
                await http.Response.WriteAsync(Refusals.Of(new CommandResult<TaskState>.KeyReused(reused.Key)));
                return false;
            case AppendOutcome.Replayed:
                http.Response.Headers["Idempotency-Replayed"] = "true";
                return true;
            default:
                return true;
        }
    }

    private async Task AnswerAsync(HttpContext http, Caller caller, BatchRequest batch, IdempotentRequest? whole)
    {
        var outcomes = await RunAsync(http, caller, batch, whole);
        var answer = JsonBytes.Render(outcomes, Write);
        if (outcomes.Max(o => o.Position) is > 0 and var position)
            http.Response.Headers[CommandRunner.PositionHeader] = position.ToString();
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Length;
        await http.Response.BodyWriter.WriteAsync(answer);
    }

    private static Problem? Refuse(BatchRequest batch)
    {
        if (batch.Operations.Count == 0)
            return Problem.OfField(400, "invalid_request", "There is no operation.", "/operations", "required");
        for (var i = 0; i < batch.Operations.Count; i++)
        {
            var operation = batch.Operations[i];
            if (operation.Missing is { } member)
                return Problem.OfField(400, "invalid_request", "It is missing for this operation.", $"/operations/{i}/{member}", "required");
            if (operation.Unused is { } needless)
                return Problem.OfField(400, "invalid_request", "It is no part of this operation.", $"/operations/{i}/{needless}", "unknown_member");
            if (operation.IdempotencyKey is { } key && IdempotencyKey.Parse(key) is null)
                return Problem.OfField(400, "invalid_request", "A key has visible ASCII characters only.", $"/operations/{i}/idempotencyKey", "malformed_idempotency_key");
        }

        return null;
    }

    private async Task<Outcome[]> RunAsync(HttpContext http, Caller caller, BatchRequest batch, IdempotentRequest? whole)
    {
        var running = new Task<Outcome>[batch.Operations.Count];
        var last = new Dictionary<Guid, Task>();
        var context = CommandRunner.ContextOf(http, caller);
        for (var i = 0; i < running.Length; i++)
        {
            var operation = batch.Operations[i];
            var touched = operation.Touched.ToList();
            var before = touched.Select(id => last.GetValueOrDefault(id)).OfType<Task>().ToList();
            running[i] = RunAfterAsync(before, operation, context with { IfMatch = operation.IfVersion is { } seen ? [seen] : null, Idempotency = KeyOf(operation, i, caller, whole) }, caller);
            foreach (var id in touched)
                last[id] = running[i];
        }

        return await Task.WhenAll(running);
    }

    private async Task<Outcome> RunAfterAsync(List<Task> before, BatchOperation operation, CommandContext context, Caller caller)
    {
        await Task.WhenAll(before);
        if (context.Idempotency is { } entering && !inFlight.TryEnter(context.Tenant, entering.Key))
            return new Outcome(null, 0, CommandRunner.InFlight);
        try
        {
            return await RunAsync(operation, context, caller);
        }
        catch (EventStoreBusyException)
        {
            return new Outcome(null, 0, new Problem(503, "busy", "Too many changes wait to be written: try again.") { RetryAfter = 1 });
        }
        catch (UnreadableEventException found)
        {
            return new Outcome(null, 0, Refusals.Of(found));
        }
        finally
        {
            if (context.Idempotency is { } entered)
                inFlight.Leave(context.Tenant, entered.Key);
        }
    }

    private async Task<Outcome> RunAsync(BatchOperation operation, CommandContext context, Caller caller)
    {
        if (operation.Verb == BatchVerb.Create)
        {
            var result = await handlers.CreateAsync(operation.Task!, context, caller);
            return await OutcomeAsync(context.Tenant, result, done => TaskHandlers.Created(operation.Task!.Id!.Value, done));
        }

        var id = operation.Id!.Value;
        if (!await handlers.SeesAsync(caller, id))
            return new Outcome(null, 0, new Problem(404, "no_such_task", "There is no such task."));
        var change = operation.ToChange(() => Guid.CreateVersion7(clock.GetUtcNow()));
        return await OutcomeAsync(context.Tenant, await tasks.ChangeAsync(context, id, change, Answer, CancellationToken.None), Answer);

        StoredAnswer Answer(CommandResult<TaskState>.Done done) =>
            operation.Comment is { } comment ? TaskHandlers.Commented(id, comment, done) : TaskHandlers.Changed(id, operation, done);
    }

    private async Task<Outcome> OutcomeAsync(TenantId tenant, CommandResult<TaskState> result, Func<CommandResult<TaskState>.Done, StoredAnswer> answer) => result switch
    {
        CommandResult<TaskState>.Done done => new Outcome(answer(done), done.Position, null),
        CommandResult<TaskState>.Replayed replayed => new Outcome(await replays.CompleteAsync(tenant, replayed.Answer, replayed.Position, CancellationToken.None), replayed.Position, null),
        _ => new Outcome(null, 0, Refusals.Of(result)),
    };

    // The key of the whole batch stands for one of each operation that has none.
    private static IdempotentRequest? KeyOf(BatchOperation operation, int index, Caller caller, IdempotentRequest? whole)
    {
        if (operation.IdempotencyKey is { } own)
            return IdempotencyKey.Of(caller.Actor, own, "BATCH", operation.Verb.ToString(), JsonSerializer.SerializeToUtf8Bytes(Fingerprint(operation)));
        return whole is null ? null : new IdempotentRequest($"{whole.Key}/{index}", whole.Hash);
    }

    private static object?[] Fingerprint(BatchOperation operation) =>
        [operation.Id, operation.IfVersion, operation.Task, operation.Changes?.Fingerprint, operation.Comment];

    private static void Write(Utf8JsonWriter json, Outcome[] outcomes)
    {
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        foreach (var outcome in outcomes)
        {
            json.WriteStartObject();
            json.WriteNumber("status"u8, outcome.Answer?.Status ?? outcome.Problem!.Status);
            if (outcome.Answer is { } answer)
            {
                json.WriteString("etag"u8, answer.ETag);
                if (outcome.Position > 0)
                    json.WriteNumber("position"u8, outcome.Position);
                json.WritePropertyName("body"u8);
                json.WriteRawValue(answer.Body.Span, skipInputValidation: true);
            }
            else
            {
                json.WritePropertyName("problem"u8);
                ProblemWriter.Write(json, outcome.Problem!);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

public static class BatchEndpoint
{
    public static void MapBatch(this IEndpointRouteBuilder api) =>
        api.MapPost("/tasks/batch", api.ServiceProvider.GetRequiredService<BatchHandler>().RunAsync).RequirePermission(Permission.TasksWrite).Describe(new("batchTasks", "Tasks", "Do up to 200 things with tasks")
        {
            Description = "One result for each operation, in order; each is accepted or refused on its own. An operation may have an `idempotencyKey` of its own; the header's key is the batch's (another batch under it is refused) and stands for those without. For more than 200, or for everything that a filter finds, see `bulkChangeTasks`.",
            Body = BatchRequest.Shape,
            Example = $$$"""{"results":[{"status":201,"etag":"\"v1\"","position":4711,"body":{{{Examples.TaskRow}}}},{"status":200,"etag":"\"v2\"","position":4712,"body":{{{Examples.Change("task_status_changed")}}}},{"status":201,"etag":"\"v3\"","position":4713,"body":{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","body":"Looks good to *me*.","version":3,"createdAt":"2026-11-21T09:30:00Z"}},{"status":412,"problem":{"type":"/problems/version_mismatch","title":"The version is another one","status":412,"detail":"It is at version 3, not 1: read it again and decide anew.","code":"version_mismatch"}}]}""",
        });
}
