using Events.EventStore.Appending;
using Events.EventStore.Ledger;
using Events.EventStore.Tailing;
using Events.Platform.Migrations;
using Events.Platform.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Events.EventStore;

public static class EventStoreServices
{
    /// <summary>The event store; may be called by every project that has events, each naming its own types.</summary>
    public static IServiceCollection AddEventStore(this IServiceCollection services, Action<EventTypes> types)
    {
        services.AddSingleton(new EventTypesPart(types));
        if (services.Any(service => service.ServiceType == typeof(EventTypes)))
            return services;

        services.TryAddSingleton(TimeProvider.System);
        services.AddMigrations(typeof(EventStoreServices).Assembly);
        services.AddSingleton<IValidateOptions<EventStoreOptions>, EventStoreOptionsValidation>();
        services.AddOptions<EventStoreOptions>().BindConfiguration(EventStoreOptions.Section).ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<EventStoreOptions>>().Value);
        services.AddSingleton(provider => Compose(provider.GetServices<EventTypesPart>()));

        services.AddSingleton<AppendSignal>();
        services.AddSingleton<EventReader>();
        services.AddSingleton<EventAppender>();
        services.AddSingleton<AnswerKeeper>();

        services.AddSingleton(provider => Buffer(provider.GetRequiredService<EventStoreOptions>()));
        services.AddSingleton<PageReader>();
        services.AddSingleton<GapWatch>();
        services.AddSingleton<HighWaterMark>();
        services.AddSingleton(provider => new EventTail(
            provider.GetRequiredService<EventBuffer>(),
            provider.GetRequiredService<PageReader>(),
            provider.GetRequiredService<EventStoreOptions>()));
        services.AddHostedService<TailReader>();
        services.TryAddSingleton<NotificationSession>();
        services.AddHostedService<AppendListener>();
        services.AddHostedService<AppendAnnouncer>();

        services.AddSingleton<EventLedger>();
        services.AddHostedService<LedgerFollower>();
        services.AddSingleton<IdempotencyPurge>();
        services.AddHostedService(provider => provider.GetRequiredService<IdempotencyPurge>());
        return services;
    }

    /// <summary>The loader of one aggregate, with its cache.</summary>
    public static IServiceCollection AddAggregate<TState>(this IServiceCollection services, AggregateDefinition<TState> definition) =>
        services.AddSingleton(provider => new AggregateLoader<TState>(
            definition,
            provider.GetRequiredService<EventReader>(),
            provider.GetRequiredService<EventStoreOptions>()));

    private static EventTypes Compose(IEnumerable<EventTypesPart> parts)
    {
        var types = new EventTypes();
        foreach (var part in parts)
            part.Add(types);
        return types;
    }

    private static EventBuffer Buffer(EventStoreOptions options) => new(options.TailEvents, options.TailBytes);

    private sealed record EventTypesPart(Action<EventTypes> Add);
}

internal sealed class EventStoreOptionsValidation : IValidateOptions<EventStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, EventStoreOptions options)
    {
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
