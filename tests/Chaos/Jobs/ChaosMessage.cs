using Events.Messaging;
using Events.Messaging.Handlers;
using Events.Messaging.Running;
using Events.Platform.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Chaos.Jobs;

/// <param name="Line">Its order key; null: none.</param>
/// <param name="Number">In its line, from 1.</param>
internal sealed record ChaosMessage(string? Line, int Number);

/// <summary>Writes one row; every seventh message fails at first, after it has written.</summary>
internal sealed class ChaosHandler : IMessageHandler<ChaosMessage>
{
    private const string EffectSql =
        """
        insert into chaos_effects (message_id, line, number)
        values ($1, $2, $3)
        """;

    public async Task Handle(ChaosMessage message, MessageContext context, CancellationToken ct)
    {
        var transaction = await context.BeginEffectsAsync(ct);
        await using var effect = new NpgsqlCommand(EffectSql, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = context.MessageId },
                new() { Value = message.Line ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar },
                new() { Value = message.Number },
            },
        };
        await effect.ExecuteNonQueryAsync(ct);
        if (message.Number % 7 == 0 && context.Attempt == 1)
            throw new InvalidOperationException("The first attempt fails.");
    }
}

internal static class ChaosServices
{
    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(3);

    public static ServiceProvider Create(string connectionString, bool logs)
    {
        var options = new PostgresOptions { ConnectionString = connectionString, PoolSize = 20 };
        var services = new ServiceCollection();
        services.AddLogging(l =>
        {
            if (logs)
                l.AddSimpleConsole();
            l.SetMinimumLevel(LogLevel.Error);
        });
        services.AddSingleton(PostgresDataSources.Create(options, logging: null));
        services.AddSingleton(new DirectDataSource(PostgresDataSources.CreateDirect(options, logging: null)));
        // Workers die all the time here; no message is to blame.
        services.AddMessaging(m => m.Handle<ChaosMessage, ChaosHandler>("chaos", retry: new() { Attempts = 100, FirstDelay = TimeSpan.FromMilliseconds(50), Factor = 1.2, LongestDelay = TimeSpan.FromSeconds(1) }));
        services.AddMessageWorker();
        services.AddSingleton(new MessagingOptions { Lease = Lease, Heartbeat = TimeSpan.FromMilliseconds(500), MaxTakeovers = 1_000_000 });
        return services.BuildServiceProvider();
    }
}

/// <summary>This executable again, as a process that is there to be killed.</summary>
internal static class JobsWorker
{
    public const string Name = "jobs-worker";

    public static async Task<int> RunAsync(string connectionString)
    {
        await using var services = ChaosServices.Create(connectionString, logs: false);
        await services.GetRequiredService<MessageWorker>().StartAsync(CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }
}
