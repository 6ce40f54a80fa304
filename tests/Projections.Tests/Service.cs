using System.Reflection;
using Events.Commands;
using Events.Commands.People;
using Events.EventStore;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Projections.Tests;

/// <summary>A process with the event store and the read models, as the composition root would make it.</summary>
internal sealed class Service : IAsyncDisposable
{
    public static readonly Assembly[] Migrations = [typeof(EventAppender).Assembly, typeof(EventJson).Assembly, typeof(ProjectionServices).Assembly];

    private readonly ServiceProvider provider;
    private readonly Stack<IHostedService> running = new();
    private int writes;

    /// <summary>Every third write is one that an import tells of: it happened long before it was recorded.</summary>
    public bool Imports { get; init; }

    private Service(ServiceProvider provider) => this.provider = provider;

    public NpgsqlDataSource DataSource => Get<NpgsqlDataSource>();

    public EventAppender Appender => Get<EventAppender>();

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    public static Service On(TestDatabase database, Action<ProjectionOptions>? configure = null, Action<IServiceCollection>? more = null, bool imports = false)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddSingleton(database.Options);
        services.AddEventStore(EventRegister.AddTo);
        services.AddEventStore(IdentityEventRegister.AddTo);
        services.AddEventStore(Placeholders.AddTo);
        services.AddProjections();
        services.AddProjectionDaemon();
        if (configure is not null)
            services.PostConfigure(configure);
        more?.Invoke(services);
        return new Service(services.BuildServiceProvider()) { Imports = imports };
    }

    /// <summary>Starts what a process runs in the background; without the daemon, only the reading side.</summary>
    public async Task<Service> StartAsync(bool feeding = true)
    {
        foreach (var service in provider.GetServices<IHostedService>())
        {
            if (!feeding && service is ProjectionDaemon)
                continue;
            await service.StartAsync(CancellationToken.None);
            running.Push(service);
        }

        return this;
    }

    /// <summary>Appends and waits until a projection holds it.</summary>
    public async Task<long> AppendAsync(TenantId tenant, Guid stream, params object[] events)
    {
        var headers = Imports && ++writes % 3 == 0 ? new Dictionary<string, string>(StringComparer.Ordinal) { [EventMetadata.OccurredAtHeader] = $"2019-03-04T05:06:{writes % 60:00}Z" } : null;
        var unit = new UnitOfWork(tenant, [new StreamAppend(stream, "task_state", ExpectedVersion.Any, events)]) { Metadata = new EventMetadata("ann", null, null, null, headers) };
        var outcome = await Appender.AppendAsync(unit, CancellationToken.None);
        return outcome is AppendOutcome.Appended appended ? appended.Position : throw new InvalidOperationException(outcome.ToString());
    }

    public async Task ReachAsync(long position, params string[] projections)
    {
        foreach (var projection in projections)
        {
            var wait = await Get<ProjectionPositions>().WaitAsync(projection, position, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            if (!wait.Reached)
                throw new TimeoutException($"{projection} is at {wait.Position}, not at {position}.");
        }
    }

    public async Task StopAsync()
    {
        while (running.TryPop(out var service))
            await service.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await provider.DisposeAsync();
    }
}
