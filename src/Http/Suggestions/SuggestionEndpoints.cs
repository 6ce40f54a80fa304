using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Describing;
using Events.Http.Idempotency;
using Events.Http.Imports;
using Events.Http.Jobs;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Messaging.Sending;
using Events.Workers.Enrichment;

namespace Events.Http.Suggestions;

/// <summary>What a machine suggests for a task; people accept or dismiss it.</summary>
public sealed class SuggestionHandlers(Events.Workers.Enrichment.Suggestions suggestions, AggregateLoader<TaskState> tasks, MessageBus bus, JobStarter jobs)
{
    public async Task GetAsync(HttpContext http)
    {
        if (await RequireTaskAsync(http) is { } id)
            await WriteAsync(http, await suggestions.FindAsync(http.Features.Get<Caller>()!.Tenant, id, http.RequestAborted));
    }

    public async Task StartAsync(HttpContext http)
    {
        if (await RequireTaskAsync(http) is not { } id)
            return;
        var caller = http.Features.Get<Caller>()!;
        var key = IdempotencyKey.Read(http, caller, ReadOnlyMemory<byte>.Empty, out var problem);
        if (problem is not null)
            await http.Response.WriteAsync(problem);
        else
            await jobs.StartAsync(http, caller, key, bus.Create(caller.Tenant, new EnrichTask(id)));
    }

    public Task AcceptAsync(HttpContext http) => SayAsync(http, suggestions.AcceptAsync);

    public Task DismissAsync(HttpContext http) => SayAsync(http, suggestions.DismissAsync);

    private async Task SayAsync(HttpContext http, Func<CommandContext, Guid, CancellationToken, Task<SuggestionState?>> say)
    {
        if (await RequireTaskAsync(http) is not { } id)
            return;
        if (await say(CommandRunner.ContextOf(http, http.Features.Get<Caller>()!), id, CancellationToken.None) is { } state)
            await WriteAsync(http, state);
        else
            await http.Response.WriteAsync(new Problem(409, "no_open_suggestion", "There is no suggestion that waits for an answer."));
    }

    private async Task<Guid?> RequireTaskAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        if (Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id))
        {
            var (task, version) = await tasks.LoadAsync(caller.Tenant, id, http.RequestAborted);
            if (version > 0 && caller.Sees(task.ProjectId))
                return id;
        }
        await http.Response.WriteAsync(Problem.NotFound("There is no such task."));
        return null;
    }

    private static async Task WriteAsync(HttpContext http, SuggestionState state)
    {
        var body = JsonBytes.Render(state, static (json, s) =>
        {
            json.WriteStartObject();
            json.WriteString("status"u8, s.Status.ToString().ToLowerInvariant());
            json.WriteString("summary"u8, s.Made?.Summary);
            json.WriteStartArray("labels"u8);
            foreach (var label in s.Made?.Labels ?? [])
                json.WriteStringValue(label);
            json.WriteEndArray();
            json.WriteString("model"u8, s.Made?.Model);
            json.WriteEndObject();
        });
        await http.WriteDocumentAsync(body, ContentHash.TagOf(body));
    }
}

public static class SuggestionEndpoints
{
    private const string Tag = "Tasks";
    private const string Example = """{"status":"open","summary":"The login fails on old phones. Expected: it works.","labels":["bug"],"model":"extractive"}""";

    public static void MapSuggestions(this IEndpointRouteBuilder api)
    {
        var suggestions = api.ServiceProvider.GetRequiredService<SuggestionHandlers>();
        api.MapGet("/tasks/{id}/suggestion", suggestions.GetAsync).RequirePermission(Permission.TasksRead).Describe(new("getSuggestion", Tag, "See what is suggested for a task")
        {
            Description = "A summary and labels, made by a job after a task with a long description was created. `status`: `none`, `open`, `accepted`, `dismissed`.",
            Example = Example,
            Nulls = ["summary", "model"],
        });
        api.MapPost("/tasks/{id}/suggestion", suggestions.StartAsync).RequirePermission(Permission.TasksWrite).Describe(new("makeSuggestion", Tag, "Have a suggestion made")
        {
            Status = 202,
            Example = ImportEndpoints.Job,
        });
        api.MapPost("/tasks/{id}/suggestion/accept", suggestions.AcceptAsync).RequirePermission(Permission.TasksWrite).Describe(new("acceptSuggestion", Tag, "Accept a suggestion")
        {
            Description = "Puts its labels on the task.",
            Repeated = "a repeat finds it accepted and answers the same.",
            Example = Example,
            Nulls = ["summary", "model"],
        });
        api.MapPost("/tasks/{id}/suggestion/dismiss", suggestions.DismissAsync).RequirePermission(Permission.TasksWrite).Describe(new("dismissSuggestion", Tag, "Dismiss a suggestion")
        {
            Repeated = "a repeat finds it dismissed and answers the same.",
            Example = Example,
            Nulls = ["summary", "model"],
        });
    }
}
