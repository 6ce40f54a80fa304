using Events.Fixtures;
using Events.Platform.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Events.EventStore.Tests;

/// <summary>An event store as a process would compose it, over a test database.</summary>
internal sealed class Store : IAsyncDisposable
{
    private readonly ServiceProvider provider;
    private bool following;

    private Store(ServiceProvider provider) => this.provider = provider;

    public EventAppender Appender => provider.GetRequiredService<EventAppender>();

    public EventReader Reader => provider.GetRequiredService<EventReader>();

    public EventTail Tail => provider.GetRequiredService<EventTail>();

    public NpgsqlDataSource DataSource => provider.GetRequiredService<NpgsqlDataSource>();

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    public static Store On(TestDatabase database, Action<EventStoreOptions>? configure = null, Action<IServiceCollection>? more = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<Microsoft.Extensions.Configuration.IConfiguration>(new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddSingleton(database.Options);
        services.AddEventStore(types => types
            .Add("note_written", SampleJson.Default.NoteWritten)
            .Add("note_revised", SampleJson.Default.NoteRevised)
            .Add("raw_note", SampleJson.Default.RawNote)
            .Add("note_tagged_v3", SampleJson.Default.NoteTagged)
            .AddUpcaster("note_tagged", SampleJson.Default.NoteTaggedV1, (NoteTaggedV1 old) => new NoteTaggedV2(old.Tag))
            .AddUpcaster("note_tagged_v2", SampleJson.Default.NoteTaggedV2, (NoteTaggedV2 old) => new NoteTagged(old.Tags.Split(",")))
        );
        if (configure is not null)
            services.PostConfigure(configure);
        more?.Invoke(services);
        return new Store(services.BuildServiceProvider());
    }

    public async Task<Store> FollowingAsync()
    {
        following = true;
        foreach (var service in provider.GetServices<IHostedService>())
            await service.StartAsync(CancellationToken.None);
        return this;
    }

    public Task<AppendOutcome> AppendAsync(TenantId tenant, Guid stream, ExpectedVersion expected, params object[] events) =>
        Appender.AppendAsync(Unit(tenant, stream, expected, events), CancellationToken.None);

    public static UnitOfWork Unit(TenantId tenant, Guid stream, ExpectedVersion expected, params object[] events) =>
        new(tenant, [new StreamAppend(stream, "note", expected, events)]);

    public async ValueTask DisposeAsync()
    {
        if (following)
        {
            foreach (var service in provider.GetServices<IHostedService>())
                await service.StopAsync(CancellationToken.None);
        }

        await provider.DisposeAsync();
    }
}
