using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Events.Fixtures;
using Events.Platform.Redis;
using Events.Platform.Startup;

namespace Events.Platform.Tests.Redis;

public sealed class RedisClientTests
{
    [Fact]
    public void Without_a_configuration_there_is_none()
    {
        using var redis = RedisClient.Connect(null);
        redis.Database.ShouldBeNull();
        redis.Subscriber.ShouldBeNull();
        redis.IsConnected.ShouldBeNull();
    }

    [Fact]
    public void A_configuration_that_cannot_be_read_is_said() =>
        Should.Throw<CannotStartException>(() => RedisClient.Connect("127.0.0.1:6379,colour=blue")).Message.ShouldStartWith("ConnectionStrings__Redis is not a Redis configuration such as 127.0.0.1:6379:");

    [Fact]
    public async Task Values_and_messages_go_through_the_one_connection()
    {
        await DebianPackages.RequireAsync("/usr/bin/redis-server", "redis-server", TestContext.Current.CancellationToken);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var server = Process.Start("/usr/bin/redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]);
        try
        {
            using var redis = RedisClient.Connect($"redis://127.0.0.1:{port}");
            await redis.Database!.StringSetAsync("key", "value");
            ((string?)await redis.Database!.StringGetAsync("key")).ShouldBe("value");

            var heard = new TaskCompletionSource<string?>();
            await redis.Subscriber!.SubscribeAsync("news", (_, message) => heard.TrySetResult(message));
            await redis.Subscriber!.PublishAsync("news", "hello");
            (await heard.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBe("hello");
            redis.IsConnected.ShouldBe(true);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }
}
