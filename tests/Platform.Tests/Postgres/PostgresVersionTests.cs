using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Events.Platform.Postgres;
using Events.Platform.Startup;
using Npgsql;

namespace Events.Platform.Tests.Postgres;

public sealed class PostgresVersionTests
{
    [Fact]
    public async Task A_server_before_15_is_refused_with_both_versions()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var greeted = GreetAsync(listener, "14.13");

        await using var dataSource = NpgsqlDataSource.Create($"Host=127.0.0.1;Port={port};Username=x;Pooling=false;SSL Mode=Disable;GSS Encryption Mode=Disable;Server Compatibility Mode=NoTypeLoading");
        var refusal = await Should.ThrowAsync<CannotStartException>(() => PostgresVersion.RequireAsync(dataSource, CancellationToken.None));
        refusal.Message.ShouldBe($"PostgreSQL at 127.0.0.1:{port}/x is version 14.13; 15 or later is needed.");
        await greeted;
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        await using var dataSource = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Database=events;Username=x");
        var refusal = await Should.ThrowAsync<CannotStartException>(() => PostgresVersion.RequireAsync(dataSource, CancellationToken.None));
        refusal.Message.ShouldBe("PostgreSQL at 127.0.0.1:1/events cannot be reached: Connection refused.");
    }

    /// <summary>As much of the protocol as a login without password takes.</summary>
    private static async Task GreetAsync(TcpListener listener, string version)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(length) - length.Length]);
        await stream.WriteAsync(Message('R', [0, 0, 0, 0]));
        await stream.WriteAsync(Message('S', Encoding.ASCII.GetBytes($"server_version\0{version}\0")));
        await stream.WriteAsync(Message('S', "client_encoding\0UTF8\0"u8.ToArray()));
        await stream.WriteAsync(Message('Z', [(byte)'I']));
        // Until the client hangs up.
        await stream.CopyToAsync(Stream.Null);
    }

    private static byte[] Message(char type, byte[] body)
    {
        var message = new byte[1 + 4 + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message, 5);
        return message;
    }
}
