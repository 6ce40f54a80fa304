using Events.Commands.Access;
using Events.Commands.Deciding;
using Events.Commands.Permissions;
using Events.Commands.Projects;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Commanding;
using Events.Http.Describing;
using Events.Http.Idempotency;
using Events.Http.Problems;
using Events.Messaging.Sending;
using Events.Workers.Bulk;

namespace Events.Http.Bulk;

/// <summary>What does not fit in a request becomes a job: it is stored together with the answer under the caller's key.</summary>
public sealed class BulkHandler(MessageBus bus, EventAppender appender, ProjectCommands projects, WorkspacePeople people, TimeProvider clock)
{
    public async Task StartAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var request = body?.Bind(BulkRequest.Shape, out problem);
            var key = problem is null ? IdempotencyKey.Read(http, caller, body!.Bytes, out problem) : null;
            problem ??= await RefuseAsync(request!, caller, http.RequestAborted);
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }

            await StartAsync(http, caller, request!, key);
        }
    }

    private async Task StartAsync(HttpContext http, Caller caller, BulkRequest request, Commands.Handling.IdempotentRequest? key)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var metadata = caller.Metadata(http);
        var message = bus.Create(
            caller.Tenant,
            new BulkChangeTasks(caller.Actor, request.Filter.ToFilter(caller.HiddenProjects), request.Changes.Change, request.DryRun),
            new MessageOptions { Id = id, CorrelationId = metadata.CorrelationId, TraceParent = metadata.TraceParent, IsJob = true });
        var answer = new StoredAnswer(202, $"/api/v1/jobs/{id}", null, JsonBytes.Render(id, static (json, job) =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, job);
            json.WriteString("status"u8, "queued"u8);
            json.WriteEndObject();
        }));
        var outcome = await appender.AppendAsync(
            new UnitOfWork(caller.Tenant, [])
            {
                Metadata = metadata,
                Messages = [message],
                Idempotency = key is null ? null : new IdempotencyRecord(key.Key, key.Hash, answer),
            },
            CancellationToken.None);
        switch (outcome)
        {
            case AppendOutcome.Appended:
                await WriteAsync(http, answer);
                break;
            case AppendOutcome.Replayed replayed:
                http.Response.Headers["Idempotency-Replayed"] = "true";
                await WriteAsync(http, replayed.Answer);
                break;
            default:
                await http.Response.WriteAsync(new Problem(422, "idempotency_key_reused", "The Idempotency-Key was used for another request within the last 24 hours."));
                break;
        }
    }

    private async ValueTask<Problem?> RefuseAsync(BulkRequest request, Caller caller, CancellationToken ct)
    {
        if (request.Filter.ProjectId is { } project && !(caller.Sees(project) && await projects.ExistsAsync(caller.Tenant, project, ct)))
            return Problem.OfField(422, "project_not_found", "There is no such project.", "/filter/projectId");
        if (request.Changes.Change.AssigneeId is { } assignee && !await people.KnowsAsync(caller.Tenant, assignee, ct))
            return Problem.OfField(422, "assignee_not_found", "Nobody in this workspace has this id.", "/changes/assigneeId");
        var change = request.Changes.Change;
        if (change.AssigneeId is { } named && request.Filter.ProjectId is { } place && !await people.SeesAsync(caller.Tenant, named, place, ct))
            return Problem.OfField(422, "assignee_sees_not", "The project is hidden from this person: let them see it first.", "/changes/assigneeId");
        if (change.ToCommands().Count == 0)
            return Problem.OfField(400, "invalid_request", "Nothing would change.", "/changes", "required");
        if (change.Archive && change.Delete)
            return Problem.OfField(400, "invalid_request", "It is archive or delete, not both.", "/changes/delete", "either_or");
        var errors = default(FieldErrors);
        errors.Date("/changes/dueOn", change.DueOn);
        for (var i = 0; i < change.AddLabels.Count; i++)
            errors.Text($"/changes/addLabels/{i}", change.AddLabels[i], Limits.Label);
        return errors.Any ? Problem.Invalid(errors.Found) : null;
    }

    private static async Task WriteAsync(HttpContext http, StoredAnswer answer)
    {
        http.Response.StatusCode = answer.Status;
        http.Response.Headers.Location = answer.Location;
        http.Response.Headers.RetryAfter = "1";
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Body.Length;
        await http.Response.BodyWriter.WriteAsync(answer.Body);
    }
}

public static class BulkEndpoint
{
    public static void MapBulk(this IEndpointRouteBuilder api) =>
        api.MapPost("/tasks/bulk", api.ServiceProvider.GetRequiredService<BulkHandler>().StartAsync).RequirePermission(Permission.TasksWrite).Describe(new("bulkChangeTasks", "Tasks", "Change everything that a filter finds")
        {
            Description = "Answers 202 with the address of a job, whose result counts what matched, changed and was refused. With `dryRun` it only counts.",
            Body = BulkRequest.Shape,
            Status = 202,
            Example = """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e63","status":"queued"}""",
        });
}
