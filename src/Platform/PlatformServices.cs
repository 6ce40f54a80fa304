using Events.Platform.Migrations;
using Events.Platform.Pacing;
using Events.Platform.Postgres;
using Events.Platform.Redis;
using Events.Platform.Startup;
using Events.Platform.Telemetry;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Events.Platform;

public static class PlatformServices
{
    /// <summary>The external clients, each made once.</summary>
    /// <exception cref="CannotStartException">The configuration is wrong; all problems in one sentence.</exception>
    public static IServiceCollection AddPlatform(this IServiceCollection services, IConfiguration configuration)
    {
        var postgres = configuration.GetSection(PostgresOptions.Section).Get<PostgresOptions>() ?? new PostgresOptions();
        postgres.ConnectionString = configuration.GetConnectionString("Postgres") ?? postgres.ConnectionString;
        postgres.DirectConnectionString = configuration.GetConnectionString("PostgresDirect") ?? postgres.DirectConnectionString;
        RequireValid(postgres.Problems());

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(postgres);
        services.AddSingleton(provider => PostgresDataSources.Create(postgres, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(provider => new DirectDataSource(PostgresDataSources.CreateDirect(postgres, provider.GetRequiredService<ILoggerFactory>())));
        services.TryAddSingleton<NotificationSession>();
        services.AddSingleton(_ => RedisClient.Connect(configuration.GetConnectionString("Redis")));
        services.AddTelemetry(configuration);
        services.AddSingleton<TenantReads>();
        services.AddSingleton<ForegroundLoad>();
        services.AddMigrations(typeof(PlatformServices).Assembly);
        services.AddSingleton<Migrator>();
        return services;
    }

    private static void RequireValid(IEnumerable<string> problems)
    {
        var all = problems.ToList();
        if (all.Count > 0)
            throw new CannotStartException(string.Join(' ', all));
    }
}
