using Events.EventStore;
using Events.Platform.Migrations;
using Events.Platform.Pacing;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.People;
using Events.Projections.ProjectList;
using Events.Projections.Rebuild;
using Events.Projections.Search;
using Events.Projections.TaskCounts;
using Events.Projections.TaskDetail;
using Events.Projections.TaskHistory;
using Events.Projections.TaskList;
using Events.Projections.TimeTravel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Events.Projections;

public static class ProjectionServices
{
    /// <summary>The read models: their queries, and what waits for them. Every role needs it; feeding them is <see cref="AddProjectionDaemon"/>.</summary>
    public static IServiceCollection AddProjections(this IServiceCollection services)
    {
        services.AddMigrations(typeof(ProjectionServices).Assembly);
        services.AddSingleton<IValidateOptions<ProjectionOptions>, ProjectionOptionsValidation>();
        services.AddOptions<ProjectionOptions>().BindConfiguration(ProjectionOptions.Section).ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ProjectionOptions>>().Value);

        services.AddSingleton<Projection, TaskListProjection>();
        services.AddSingleton<Projection, TaskDetailProjection>();
        services.AddSingleton<Projection, ProjectListProjection>();
        services.AddSingleton<Projection, TaskCountsProjection>();
        services.AddSingleton<Projection, SearchProjection>();
        services.AddSingleton<Projection, PeopleProjection>();

        services.TryAddSingleton<TenantReads>();
        services.TryAddSingleton<ForegroundLoad>();
        services.AddSingleton<TaskListQuery>();
        services.AddSingleton<TaskDetailQuery>();
        services.AddSingleton<TaskHistoryQuery>();
        services.AddSingleton<TaskLinksQuery>();
        services.AddSingleton<ProjectListQuery>();
        services.AddSingleton<TaskRowsQuery>();
        services.AddSingleton<PastEvents>();
        services.AddSingleton<TaskAtQuery>();
        services.AddSingleton<TaskListAtQuery>();
        services.AddSingleton<ProjectDiffQuery>();
        services.AddSingleton<TaskCountsQuery>();
        services.AddSingleton<SearchQuery>();
        services.AddSingleton<PeopleQuery>();

        services.AddSingleton<ProjectionHeads>();
        services.AddSingleton<ProjectionStaleness>();
        services.AddSingleton(provider => new ProjectionPositions(
            provider.GetRequiredService<ProjectionHeads>(),
            provider.GetRequiredService<ProjectionOptions>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<NotificationSession>();
        services.AddHostedService<ProjectionListener>();

        services.AddSingleton<PageWriter>();
        services.AddSingleton<Schemas>();
        services.AddSingleton<ProjectionBuilds>();
        services.AddSingleton<ProjectionSwitch>();
        services.AddSingleton<TableComparison>();
        services.AddSingleton<BulkCopying>();
        services.AddSingleton<NextIndexes>();
        services.AddSingleton<ProjectionRebuild>();
        services.AddSingleton<ParkedStreams>();
        services.AddSingleton<Completeness>();
        services.AddSingleton<ProjectionProofs>();
        services.AddSingleton(provider => new ProjectionOperations(
            provider.GetServices<Projection>(),
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<ProjectionRebuild>(),
            provider.GetRequiredService<ProjectionBuilds>(),
            provider.GetRequiredService<ProjectionSwitch>(),
            provider.GetRequiredService<ProjectionHeads>(),
            provider.GetRequiredService<ParkedStreams>(),
            provider.GetRequiredService<Completeness>(),
            provider.GetRequiredService<ProjectionProofs>(),
            provider.GetRequiredService<EventLedger>()));
        return services;
    }

    /// <summary>The role <c>projections</c>.</summary>
    public static IServiceCollection AddProjectionDaemon(this IServiceCollection services)
    {
        services.AddSingleton<LedgerSettlement>();
        services.AddSingleton<RebuildSupervisor>();
        services.AddHostedService(provider => provider.GetRequiredService<RebuildSupervisor>());
        services.AddSingleton<ProjectionAnnouncer>();
        services.AddHostedService(provider => provider.GetRequiredService<ProjectionAnnouncer>());
        services.AddHostedService(provider => new ProjectionDaemon(
            provider.GetServices<Projection>(),
            provider.GetRequiredService<ProjectionHeads>(),
            provider.GetRequiredService<EventTail>(),
            provider.GetRequiredService<PageWriter>(),
            provider.GetRequiredService<LedgerSettlement>(),
            provider.GetRequiredService<ProjectionPositions>(),
            provider.GetRequiredService<ProjectionAnnouncer>(),
            provider.GetRequiredService<ProjectionOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ProjectionDaemon>>()));
        return services;
    }
}

internal sealed class ProjectionOptionsValidation : IValidateOptions<ProjectionOptions>
{
    public ValidateOptionsResult Validate(string? name, ProjectionOptions options)
    {
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
