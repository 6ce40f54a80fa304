using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Http.Describing;

namespace Events.Http.Imports;

public static class ImportEndpoints
{
    private const string Tag = "Imports and exports";

    private const string Import =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e72","fileId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e71","fileName":"issues.csv","format":"csv","projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","dryRun":false,"rows":2796,"created":2795,"existing":0,"restored":0,"failed":1,"warned":3,"reportFileId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e73","finishedAt":"2026-11-21T09:30:02Z","undoJobId":null,"undone":0,"kept":0}""";

    private const string Preview =
        """{"encoding":"utf-8","delimiter":",","hasHeader":true,"columns":["key","Summary"],"mapping":{"columns":{"key":["key"],"title":["Summary"]}},"problems":[],"rows":[{"row":1,"task":{"sourceKey":"A-1","title":"Fix the login","description":null,"status":"todo","priority":"none","author":null,"assignee":null,"labels":[],"dueOn":null,"estimate":null,"createdAt":null,"closedAt":null,"comments":0},"problems":[]}]}""";

    public const string Job =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e72","type":"import_tasks","status":"queued","cancelRequested":false,"progress":{"done":0,"total":null,"message":null},"attempts":0,"createdAt":"2026-11-21T09:30:00Z","startedAt":null,"finishedAt":null,"result":null,"error":null,"history":[]}""";

    public static void MapImports(this IEndpointRouteBuilder api)
    {
        var imports = api.ServiceProvider.GetRequiredService<ImportHandlers>();
        api.MapPost("/imports", imports.StartAsync).RequirePermission(Permission.ImportsWrite).Describe(new("startImport", Tag, "Import an uploaded file")
        {
            Description = "Formats: `csv`, `gitlab-json`, `github-json`, `jira-csv`, `trello-json`, `todoist-csv`, `events-ndjson` (a backup). Without `projectId` the tasks go into a project named after the file. The import's id is the job's. The same file again changes nothing.",
            Body = NewImport.Shape,
            Status = 202,
            Example = Job,
        });
        api.MapPost("/imports/preview", imports.PreviewAsync).RequirePermission(Permission.ImportsWrite).Describe(new("previewImport", Tag, "Preview an import")
        {
            Description = "The first rows as they would come in, what was detected, and what is wrong. `mapping` can be sent back, changed.",
            Repeated = "it changes nothing.",
            Body = NewPreview.Shape,
            Example = Preview,
        });
        api.MapGet("/imports/{id}", imports.GetAsync).RequirePermission(Permission.ImportsRead).Describe(new("getImport", Tag, "Look at an import")
        {
            Description = "`reportFileId` names a CSV with every row that has a problem.",
            Example = Import,
            Nulls = ["projectId", "reportFileId", "undoJobId"],
        });
        api.MapPost("/imports/{id}/undo", imports.UndoAsync).RequirePermission(Permission.ImportsWrite).Describe(new("undoImport", Tag, "Undo an import")
        {
            Description = "Deletes the tasks that the import made. What somebody has changed since stays, unless `withChanged`.",
            Body = NewUndo.Shape,
            Status = 202,
            Example = Job,
        });
    }
}
