using Events.Commands;
using Events.Http.Security;
using Events.Http.Hosting.Demo;
using Events.Messaging;
using Events.Workers.Bulk;
using Events.Platform;
using Events.Platform.ObjectStorage;
using Events.Projections;
using Events.Workers;
using Microsoft.Extensions.Configuration.Memory;

namespace Events.Http.Hosting;

/// <summary>The composition root: which parts a process has, by its roles. Expects <c>ConnectionStrings:Postgres</c>.</summary>
public static class EventsApplication
{
    public const string DefaultUrl = "http://localhost:5080";

    // Below everything that a person configures. The framework's own lines per request would cost more than the request.
    private static readonly Dictionary<string, string?> Defaults = new(StringComparer.Ordinal)
    {
        ["urls"] = DefaultUrl,
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
    };

    /// <param name="args">Settings as <c>--Name=value</c>, over the environment's.</param>
    /// <param name="configure">For tests: the last word on configuration, before it is read.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.ClearProviders();
        ((IConfigurationBuilder)builder.Configuration).Sources.Insert(0, new MemoryConfigurationSource { InitialData = Defaults });
        configure?.Invoke(builder);

        var roles = RoleSetting.Read(builder.Configuration);
        AddParts(builder, roles);
        var app = builder.Build();
        MapParts(app, roles);
        return app;
    }

    private static void AddParts(WebApplicationBuilder builder, Roles roles)
    {
        var services = builder.Services;
        services.AddSingleton(DataDirectory.Read(builder.Configuration));
        services.AddPlatform(builder.Configuration);
        services.AddHealth();
        services.AddSingleton<DemoWorkspace>();
        services.AddTasksAndProjects();
        services.AddIdentity();
        services.AddBulkChanges();
        services.AddProjections();
        services.AddObjectStorage(builder.Configuration, provider => provider.GetRequiredService<DataDirectory>().Path);
        services.AddWorkers();
        if (roles.HasFlag(Roles.Projections))
            services.AddProjectionDaemon();
        if (roles.HasFlag(Roles.Jobs))
            services.AddMessageWorker().AddFollowers();
        if (roles.HasFlag(Roles.Api))
            services.AddSecurity().AddHttpApi();
    }

    private static void MapParts(WebApplication app, Roles roles)
    {
        app.UseProblems();
        app.MapHealth();
        if (!roles.HasFlag(Roles.Api))
            return;
        app.UseSecurity();
        app.UseForeground();
        app.MapApi();
    }
}
