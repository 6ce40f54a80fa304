using Events.Messaging.DeadLetters;
using Events.Messaging.Handlers;
using Events.Messaging.Jobs;
using Events.Messaging.Running;
using Events.Messaging.Scheduling;
using Events.Messaging.Sending;
using Events.Messaging.Upkeep;
using Events.Platform.Migrations;
using Events.Platform.Postgres;
using Events.Platform.Startup;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Events.Messaging;

public static class MessagingServices
{
    /// <summary>
    /// What sends messages and looks at jobs. May be called by each project that has handlers; the registrations add up.
    /// Nothing runs until <see cref="AddMessageWorker"/>.
    /// </summary>
    public static IServiceCollection AddMessaging(this IServiceCollection services, Action<MessagingBuilder> register)
    {
        var builder = services.Select(d => d.ImplementationInstance).OfType<MessagingBuilder>().FirstOrDefault();
        if (builder is null)
        {
            builder = new MessagingBuilder(services);
            services.AddSingleton(builder);
            services.AddMigrations(typeof(MessagingServices).Assembly);
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton(provider => provider.GetRequiredService<MessagingBuilder>().Build());
            services.AddSingleton(provider => Options(provider.GetService<IConfiguration>()));
            services.AddSingleton<LocalWakeUps>();
            services.AddSingleton<MessageBus>();
            services.TryAddSingleton<NotificationSession>();
            services.AddSingleton<MessageListener>();
            services.AddSingleton(provider => new ScheduleRunner(
                provider.GetRequiredService<NpgsqlDataSource>(),
                provider.GetRequiredService<MessageBus>(),
                provider.GetRequiredService<MessagingBuilder>(),
                provider.GetRequiredService<TimeProvider>()));
            services.AddSingleton<ScheduleStore>();
            services.AddSingleton<JobStore>();
            services.AddSingleton<JobFeed>();
            services.AddSingleton<DeadLetterStore>();
        }

        register(builder);
        return services;
    }

    /// <summary>The role <c>jobs</c>: works messages off in this process.</summary>
    public static IServiceCollection AddMessageWorker(this IServiceCollection services)
    {
        services.AddSingleton<QueueDepth>();
        services.AddSingleton<LeaderDuties>();
        services.AddSingleton<UpkeepRounds>();
        services.AddSingleton<MessageWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<MessageWorker>());
        return services;
    }

    private static MessagingOptions Options(IConfiguration? configuration)
    {
        var options = configuration?.GetSection(MessagingOptions.Section).Get<MessagingOptions>() ?? new MessagingOptions();
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? options : throw new CannotStartException(string.Join(' ', problems));
    }
}
