using System.Reflection;
using Events.Commands;
using Events.EventStore;
using Events.Fixtures;
using Events.Projections;
using Events.Projections.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Events.Benchmarks.Projections;

/// <summary>The event store and the read models over a benchmark's database, as a process of the role <c>projections</c> has them.</summary>
internal sealed class ReadModels : IAsyncDisposable
{
    public static readonly Assembly[] Migrations = [typeof(EventAppender).Assembly, typeof(EventJson).Assembly, typeof(ProjectionServices).Assembly];

    private readonly ServiceProvider provider;
    private readonly Stack<IHostedService> running = new();

    private ReadModels(ServiceProvider provider) => this.provider = provider;

    public static ReadModels On(TestDatabase database, Action<ProjectionOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddSingleton(database.Options);
        services.AddEventStore(EventRegister.AddTo);
        services.AddProjections();
        services.AddProjectionDaemon();
        if (configure is not null)
            services.PostConfigure(configure);
        return new ReadModels(services.BuildServiceProvider());
    }

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    public async Task StartAsync()
    {
        foreach (var service in provider.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
            running.Push(service);
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (running.TryPop(out var service))
            await service.StopAsync(CancellationToken.None);
        await provider.DisposeAsync();
    }
}
