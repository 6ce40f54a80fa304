using Events.Commands.Projects;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Files;
using Events.Http.Idempotency;
using Events.Http.Jobs;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Messaging.Jobs;
using Events.Messaging.Sending;
using Events.Workers.Files;
using Events.Workers.Imports;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;

namespace Events.Http.Imports;

/// <summary>Imports: asked for here, run as jobs.</summary>
public sealed class ImportHandlers(
    FileStore files, ImportTable imports, ImportMappings mappings, ImportPreview previews, ProjectCommands projects, MessageBus bus, JobStarter jobs, JobStore started, KeptAnswers answers, TimeProvider time)
{
    public async Task StartAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var wanted = problem is null ? body!.Bind(NewImport.Shape, out problem) : null;
            var key = problem is null ? IdempotencyKey.Read(http, caller, body!.Bytes, out problem) : null;
            StoredFile? file = null;
            if (problem is null)
                (file, problem) = await FindAsync(caller, wanted!.FileId, wanted.Format, ImportFormats.Names, http.RequestAborted);
            if (problem is null && wanted!.ProjectId is { } project && !(caller.Sees(project) && await projects.ExistsAsync(caller.Tenant, project, http.RequestAborted)))
                problem = Problem.OfField(422, "project_not_found", "There is no such project.", "/projectId");
            var mapping = ImportMapping.Guess;
            if (problem is null)
                (mapping, problem) = await MappingAsync(caller, wanted!.Mapping, wanted.MappingName, http.RequestAborted);
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }

            // Before anything is saved: a repeat changes nothing.
            if (key is not null && await answers.FindAsync(http, caller, key))
                return;
            if (wanted!.SaveMappingAs is { Length: > 0 } name)
                await mappings.SaveAsync(caller.Tenant, name, wanted.Format, mapping, http.RequestAborted);
            var import = new ImportRecord(
                caller.Tenant, Guid.CreateVersion7(time.GetUtcNow()), file!.Id, file.Name, wanted.Format, wanted.Source, wanted.ProjectId, mapping, wanted.DryRun, caller.Actor);
            await files.KeepAsync(file, $"import:{import.Id:D}", http.RequestAborted);
            await imports.AddAsync(import, http.RequestAborted);
            await jobs.StartAsync(http, caller, key, bus.Create(caller.Tenant, new ImportTasks(import.Id), new MessageOptions { Id = import.Id }));
        }
    }

    public async Task PreviewAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var wanted = problem is null ? body!.Bind(NewPreview.Shape, out problem) : null;
            StoredFile? file = null;
            if (problem is null)
                (file, problem) = await FindAsync(caller, wanted!.FileId, wanted.Format, ImportFormats.Names.Where(static f => f != ImportFormats.EventsNdjson), http.RequestAborted);
            var mapping = ImportMapping.Guess;
            if (problem is null)
                (mapping, problem) = await MappingAsync(caller, wanted!.Mapping, wanted.MappingName, http.RequestAborted);
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }
            var preview = await previews.ReadAsync(file!, wanted!.Format, mapping, wanted.Rows, http.RequestAborted);
            await WriteAsync(http, JsonBytes.Render(preview, ImportAnswers.Write));
        }
    }

    public async Task GetAsync(HttpContext http)
    {
        if (await FindImportAsync(http) is { } import)
            await WriteAsync(http, JsonBytes.Render(import, ImportAnswers.Write));
    }

    public async Task UndoAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var wanted = problem is null ? body!.Bind(NewUndo.Shape, out problem, emptyIsObject: true) : null;
            var key = problem is null ? IdempotencyKey.Read(http, caller, body!.Bytes, out problem) : null;
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }
            if (await FindImportAsync(http) is not { } import)
                return;
            if (import.DryRun || import.Format == ImportFormats.EventsNdjson)
                await http.Response.WriteAsync(new Problem(409, "nothing_to_undo", "A dry run makes nothing, and a restored backup is not undone task by task."));
            else if (import.FinishedAt is null && await GoesOnAsync(import, http.RequestAborted))
                await http.Response.WriteAsync(new Problem(409, "import_running", "The import has not ended: cancel its job first."));
            else
                await jobs.StartAsync(http, caller, key, bus.Create(caller.Tenant, new UndoImport(import.Id, wanted!.WithChanged, caller.Actor)));
        }
    }

    /// <summary>The saved one where a name is given, else the one given, else a guess.</summary>
    private async Task<(ImportMapping Mapping, Problem? Problem)> MappingAsync(Caller caller, MappingBody? given, string? name, CancellationToken ct)
    {
        if (name is null)
            return (given?.ToMapping() ?? ImportMapping.Guess, null);
        return await mappings.FindAsync(caller.Tenant, name, ct) is { } saved
            ? (saved, null)
            : (ImportMapping.Guess, Problem.OfField(422, "mapping_not_found", "There is no saved mapping of this name.", "/mappingName"));
    }

    /// <summary>One that was cancelled or died has not finished either, and may be undone.</summary>
    private async Task<bool> GoesOnAsync(ImportRecord import, CancellationToken ct) =>
        await started.FindAsync(import.Tenant, import.Id, ct) is { Status: "queued" or "running" };

    private static bool Sees(Caller caller, ImportRecord import) => import.ProjectId is not { } project || caller.Sees(project);

    private async Task<(StoredFile? File, Problem? Problem)> FindAsync(Caller caller, Guid id, string format, IEnumerable<string> formats, CancellationToken ct)
    {
        if (!formats.Contains(format, StringComparer.Ordinal))
            return (null, Problem.OfField(400, "invalid_request", $"It must be one of {string.Join(", ", formats)}.", "/format", "unknown_value"));
        if (await files.FindAsync(caller.Tenant, id, ct) is not { } file || !caller.Sees(file))
            return (null, Problem.OfField(422, "file_not_found", "There is no such file.", "/fileId"));
        return await files.HasArrivedAsync(file, ct)
            ? (file, null)
            : (null, Problem.OfField(409, "file_not_uploaded", "The file's bytes have not arrived, or not all of them: send them to its upload url first.", "/fileId"));
    }

    private async Task<ImportRecord?> FindImportAsync(HttpContext http)
    {
        if (Guid.TryParseExact(http.Request.RouteValues["id"] as string, "D", out var id)
            && http.Features.Get<Caller>() is { } caller
            && await imports.FindAsync(caller.Tenant, id, http.RequestAborted) is { } import
            && Sees(caller, import))
            return import;
        await http.Response.WriteAsync(Problem.NotFound("There is no such import."));
        return null;
    }

    private static Task WriteAsync(HttpContext http, byte[] body) => http.WriteDocumentAsync(body, ContentHash.TagOf(body));
}
