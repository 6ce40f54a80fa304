using Events.Commands.Permissions;
using Events.Commands.Projects;
using Events.Http.Auth;
using Events.Http.Describing;

namespace Events.Http.Projects;

public static class ProjectEndpoints
{
    private const string Tag = "Projects";

    public static void MapProjectCommands(this IEndpointRouteBuilder api)
    {
        var projects = api.ServiceProvider.GetRequiredService<ProjectHandlers>();
        api.MapPost("/projects", projects.CreateAsync).RequirePermission(Permission.ProjectsWrite).Describe(new("createProject", Tag, "Create a project")
        {
            Description = "The key is upper case, unique in the workspace and never changes: it leads the keys of the tasks.",
            Body = NewProject.Shape,
            Status = 201,
            Example = Examples.Project,
            Commands = [typeof(CreateProject)],
        });
        api.MapPatch("/projects/{id}", projects.PatchAsync).RequirePermission(Permission.ProjectsWrite).Describe(new("changeProject", Tag, "Change a project")
        {
            Description = "A JSON merge patch (RFC 7396): what is absent stays, null takes away.",
            Body = ProjectPatch.Shape,
            IsMergePatch = true,
            Example = Examples.Change("project_renamed"),
            Commands =
            [
                typeof(ChangeProject), typeof(RenameProject), typeof(DescribeProject), typeof(ChangeProjectLead), typeof(RescheduleProject), typeof(ChangeProjectStatus),
            ],
        });
        api.MapPost("/projects/{id}/archive", projects.ArchiveAsync).RequirePermission(Permission.ProjectsWrite).Describe(new("archiveProject", Tag, "Archive a project")
        {
            Description = "Its tasks can be read and changed as before, but none can be created in it.",
            Example = Examples.Change("project_archived"),
            Commands = [typeof(ArchiveProject)],
        });
        api.MapPost("/projects/{id}/restore", projects.RestoreAsync).RequirePermission(Permission.ProjectsWrite).Describe(new("restoreProject", Tag, "Restore an archived project")
        {
            Example = Examples.Change("project_restored"),
            Commands = [typeof(RestoreProject)],
        });
    }

    public static void MapProjectQueries(this IEndpointRouteBuilder api)
    {
        var projects = api.ServiceProvider.GetRequiredService<ProjectQueries>();
        api.MapGet("/projects", projects.ListAsync).RequirePermission(Permission.ProjectsRead).Describe(new("listProjects", Tag, "List projects")
        {
            IsOfReadModels = true,
            Query =
            [
                Parameter.Choice("archived", "The archived ones instead.", "false", "true"),
                Parameter.Choice("sort", "By what; with `-` before it, the other way round.", ProjectQueries.Sorts),
                Parameter.Limit,
                Parameter.Cursor,
            ],
            Example = Examples.Page(Examples.ProjectRow),
            Paginated = true,
        });
        api.MapGet("/projects/{id}", projects.DetailAsync).RequirePermission(Permission.ProjectsRead).Describe(new("getProject", Tag, "Read a project")
        {
            IsOfReadModels = true,
            Example = Examples.Project,
        });
        api.MapGet("/projects/{id}/diff", projects.DiffAsync).RequirePermission(Permission.TasksRead).Describe(new("diffProject", "History", "What changed in a project between two moments")
        {
            IsOfReadModels = true,
            Description = "One line for each task that is different: created, changed, deleted or restored, with each field's value then and later.",
            Query = [Parameter.Time("from", "The earlier moment.") with { Required = true }, Parameter.Time("to", "The later moment; now, when left out."), Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page("""{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","key":"WEB-12","title":"Write the release notes","change":"changed","changes":[{"field":"status","from":"todo","to":"done"}]}"""),
            Paginated = true,
        });
    }
}
