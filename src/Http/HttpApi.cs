using Events.Http.Answers;
using Events.Http.Batching;
using Events.Http.Bulk;
using Events.Http.Commanding;
using Events.Http.Describing;
using Events.Http.Exports;
using Events.Http.Feeds;
using Events.Http.Files;
using Events.Http.Idempotency;
using Events.Http.Imports;
using Events.Http.Jobs;
using Events.Http.Lists;
using Events.Http.Operations;
using Events.Http.Overview;
using Events.Http.Notifications;
using Events.Http.People;
using Events.Http.Problems;
using Events.Http.Projects;
using Events.Http.Suggestions;
using Events.Http.Reference;
using Events.Http.Tasks;
using Events.Http.Undoing;
using Events.Http.Workspaces;
using Microsoft.Extensions.Options;

namespace Events.Http;

/// <summary>The API under <c>/api/v1</c>: its services and its map.</summary>
public static class HttpApi
{
    public static IServiceCollection AddHttpApi(this IServiceCollection services) => services
        .AddSingleton<InFlightKeys>()
        .AddSingleton<ReplayedAnswers>()
        .AddSingleton<KeptAnswers>()
        .AddSingleton<CommandRunner>()
        .AddSingleton<CursorSigner>()
        .AddSingleton<Freshness>()
        .AddHotAnswers()
        .AddSingleton<OpenApiDocument>()
        .AddPersonHandlers()
        .AddWorkspaceHandlers()
        .AddSingleton<BoardNeighbours>()
        .AddSingleton<TaskHandlers>()
        .AddSingleton<TaskQueries>()
        .AddSingleton<TaskPartQueries>()
        .AddSingleton<BatchHandler>()
        .AddSingleton<UndoHandler>()
        .AddSingleton<BulkHandler>()
        .AddSingleton<LiveConnections>()
        .AddSingleton<EventFeed>()
        .AddSingleton<LiveStream>()
        .AddSingleton<LiveRows>()
        .AddHostedService(provider => provider.GetRequiredService<LiveRows>())
        .AddSingleton<ProjectQueries>()
        .AddSingleton<ProjectHandlers>()
        .AddSingleton<OverviewQueries>()
        .AddSingleton<ProjectionHandlers>()
        .AddSingleton<ScheduleHandlers>()
        .AddSingleton<DeadLetterHandlers>()
        .AddSingleton<JobHandlers>()
        .AddSingleton<JobActions>()
        .AddSingleton<JobStarter>()
        .AddSingleton<FileHandlers>()
        .AddSingleton<ImportHandlers>()
        .AddSingleton<ExportHandlers>()
        .AddSingleton<NotificationHandlers>()
        .AddSingleton<SuggestionHandlers>();

    private static IServiceCollection AddHotAnswers(this IServiceCollection services)
    {
        services.AddOptions<HotAnswersOptions>().BindConfiguration(HotAnswersOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton(provider => provider.GetRequiredService<IOptions<HotAnswersOptions>>().Value).AddSingleton<HotAnswers>();
    }

    /// <summary>Before everything else in the pipeline.</summary>
    public static void UseProblems(this IApplicationBuilder app) => app.UseMiddleware<ProblemMiddleware>();

    public static void MapApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").WithReadConventions();
        api.MapPeople();
        api.MapWorkspaces();
        api.MapProjectCommands();
        api.MapProjectQueries();
        api.MapTaskCommands();
        api.MapTaskQueries();
        api.MapBatch();
        api.MapUndo();
        api.MapBulk();
        api.MapFeeds();
        api.MapJobs();
        api.MapOverview();
        api.MapProjectionOperations();
        api.MapMessageOperations();
        api.MapFiles();
        api.MapImports();
        api.MapExports();
        api.MapNotifications();
        api.MapSuggestions();
        app.MapStorage();
        app.MapOpenApiDocument();
        app.MapReferencePage();
    }
}
