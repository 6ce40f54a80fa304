using Events.Commands.Permissions;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Describing;
using Events.Http.Idempotency;
using Events.Http.Imports;
using Events.Http.Jobs;
using Events.Http.Problems;
using Events.Messaging.Sending;
using Events.Workers.Exports;

namespace Events.Http.Exports;

public sealed class FilterBody
{
    public Guid? ProjectId { get; set; }

    public WorkStatus? Status { get; set; }

    public Guid? AssigneeId { get; set; }

    public string? Label { get; set; }

    public static BodyShape<FilterBody> Shape { get; } = new BodyShape<FilterBody>()
        .Id("projectId", (f, v) => f.ProjectId = v, nullable: true)
        .Choice<WorkStatus>("status", (f, v) => f.Status = v, nullable: true)
        .Id("assigneeId", (f, v) => f.AssigneeId = v, nullable: true)
        .Text("label", (f, v) => f.Label = v, 64, nullable: true);
}

public sealed class NewExport
{
    public string Format { get; set; } = "";

    public FilterBody? Filter { get; set; }

    public static BodyShape<NewExport> Shape { get; } = new BodyShape<NewExport> { Example = """{"format":"csv","filter":{"status":"done"}}""" }
        .Text("format", (e, v) => e.Format = v!, 40, required: true)
        .Nested("filter", FilterBody.Shape, (e, v) => e.Filter = v, nullable: true);
}

public sealed class ExportHandlers(MessageBus bus, ProjectCommands projects, JobStarter jobs)
{
    public async Task StartAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var wanted = problem is null ? body!.Bind(NewExport.Shape, out problem) : null;
            var key = problem is null ? IdempotencyKey.Read(http, caller, body!.Bytes, out problem) : null;
            problem ??= await CheckAsync(wanted!, caller, http.RequestAborted);
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }
            var filter = new ExportFilter(wanted!.Filter?.ProjectId, wanted.Filter?.Status, wanted.Filter?.AssigneeId, wanted.Filter?.Label) { HiddenProjects = [.. caller.HiddenProjects] };
            await jobs.StartAsync(http, caller, key, bus.Create(caller.Tenant, new ExportWorkspace(wanted.Format, filter, caller.Actor)));
        }
    }

    private async ValueTask<Problem?> CheckAsync(NewExport wanted, Caller caller, CancellationToken ct)
    {
        if (!ExportFormats.Names.Contains(wanted.Format, StringComparer.Ordinal))
            return Problem.OfField(400, "invalid_request", $"It must be one of {string.Join(", ", ExportFormats.Names)}.", "/format", "unknown_value");
        if (wanted.Filter?.ProjectId is { } project && !(caller.Sees(project) && await projects.ExistsAsync(caller.Tenant, project, ct)))
            return Problem.OfField(422, "project_not_found", "There is no such project.", "/filter/projectId");
        if (wanted.Format != ExportFormats.Events)
            return null;
        if (wanted.Filter is not null)
            return Problem.OfField(400, "invalid_request", "A backup holds everything: it takes no filter.", "/filter", "not_possible");
        // A backup shows every project, also those that not every member may know of.
        return caller.HiddenProjects.Count > 0 || !caller.Permissions.Holds(Permission.EventsRead)
            ? new Problem(403, "forbidden", "A backup of the whole workspace is for those who may read all of it.")
            : null;
    }
}

public static class ExportEndpoints
{
    public static void MapExports(this IEndpointRouteBuilder api)
    {
        var exports = api.ServiceProvider.GetRequiredService<ExportHandlers>();
        api.MapPost("/exports", exports.StartAsync).RequirePermission(Permission.ExportsWrite).Describe(new("startExport", "Imports and exports", "Export tasks or events")
        {
            Description = "Formats: `csv`, `tasks-ndjson`, `events-ndjson` (a whole backup, which `POST /imports` restores). The job's result names the file; it can be fetched for a week.",
            Body = NewExport.Shape,
            Status = 202,
            Example = ImportEndpoints.Job,
        });
    }
}
