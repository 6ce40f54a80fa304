using Events.Platform.Startup;
using StackExchange.Redis;

namespace Events.Platform.Redis;

/// <summary>
/// The one connection to Redis, or none: Redis is optional and never holds what cannot be recomputed. A lost connection is
/// restored in the background; until then calls fail at once and callers go on without.
/// </summary>
public sealed class RedisClient : IDisposable
{
    private readonly ConnectionMultiplexer? connection;

    private RedisClient(ConnectionMultiplexer? connection) => this.connection = connection;

    /// <summary>Null: no Redis is configured.</summary>
    public IDatabase? Database => connection?.GetDatabase();

    /// <summary>Null: no Redis is configured.</summary>
    public ISubscriber? Subscriber => connection?.GetSubscriber();

    /// <summary>Null where no Redis is configured, otherwise whether it answers now.</summary>
    public bool? IsConnected => connection?.IsConnected;

    /// <exception cref="CannotStartException">The configuration cannot be read.</exception>
    internal static RedisClient Connect(string? configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration))
            return new RedisClient(null);
        try
        {
            var options = ConfigurationOptions.Parse(configuration.Replace("redis://", "", StringComparison.Ordinal));
            options.AbortOnConnectFail = false;
            return new RedisClient(ConnectionMultiplexer.Connect(options));
        }
        catch (Exception error) when (error is ArgumentException or FormatException or RedisConnectionException)
        {
            throw new CannotStartException($"ConnectionStrings__Redis is not a Redis configuration such as 127.0.0.1:6379: {error.Message}", error);
        }
    }

    public void Dispose() => connection?.Dispose();
}
