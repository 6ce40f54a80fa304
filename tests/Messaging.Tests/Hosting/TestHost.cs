using System.Collections.Concurrent;
using Events.Fixtures;
using Events.Messaging.Handlers;
using Events.Messaging.Running;
using Events.Messaging.Sending;
using Events.Platform.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Tests.Hosting;

/// <summary>A process of the role <c>jobs</c>, as far as the engine can tell. Several of them on one database are a cluster.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly ServiceProvider services;

    private TestHost(ServiceProvider services) => this.services = services;

    public MessageWorker Worker => services.GetRequiredService<MessageWorker>();

    public MessageBus Bus => services.GetRequiredService<MessageBus>();

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    public static async Task<TestHost> StartAsync(TestDatabase database, Action<MessagingBuilder> register, Action<IServiceCollection>? configure = null, MessagingOptions? options = null)
    {
        var host = Create(database, register, configure, options);
        await host.Worker.StartAsync(CancellationToken.None);
        await host.Worker.Started.WaitAsync(Soon.Limit);
        return host;
    }

    /// <summary>Sends, but works nothing off.</summary>
    public static TestHost Create(TestDatabase database, Action<MessagingBuilder> register, Action<IServiceCollection>? configure = null, MessagingOptions? options = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(l => l.AddProvider(new TestOutputLogger()));
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddMessaging(register);
        services.AddMessageWorker();
        services.AddSingleton(options ?? new MessagingOptions { Lease = TimeSpan.FromSeconds(2), Heartbeat = TimeSpan.FromMilliseconds(400) });
        configure?.Invoke(services);
        return new TestHost(services.BuildServiceProvider());
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
    }
}

/// <summary>How long a test waits for what must come; generous, because it only shows when something is broken.</summary>
internal static class Soon
{
    public static TimeSpan Limit => TimeSpan.FromSeconds(30);

    /// <summary>Asks the database again and again until it agrees: for what no signal tells.</summary>
    public static async Task UntilAsync(NpgsqlDataSource database, string sql, params object[] values)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (await database.ScalarAsync<bool>(sql, values) is not true)
            await timer.WaitForNextTickAsync(limit.Token);
    }
}

internal static class Database
{
    public static async Task<T?> ScalarAsync<T>(this NpgsqlDataSource database, string sql, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        return await command.ExecuteScalarAsync() is T result ? result : default;
    }

    public static async Task ExecuteAsync(this NpgsqlDataSource database, string sql, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync();
    }
}

internal static class Tenants
{
    public static TenantId New() => new(Guid.CreateVersion7());
}

internal sealed class TestOutputLogger : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
