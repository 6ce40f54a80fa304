using System.Collections.Concurrent;
using System.Threading.Channels;
using Events.Messaging.Handlers;

namespace Events.Messaging.Tests.Hosting;

internal sealed record Ping(string Text);

/// <summary>Tells the test of every attempt, and does as the test says.</summary>
internal sealed class PingHandler(Probe probe) : IMessageHandler<Ping>
{
    public Task Handle(Ping message, MessageContext context, CancellationToken ct) => probe.HandleAsync(message, context, ct);
}

internal sealed record Pong(string Text);

internal sealed class PongHandler(Probe probe) : IMessageHandler<Pong>
{
    public Task Handle(Pong message, MessageContext context, CancellationToken ct) => probe.HandleAsync(new Ping(message.Text), context, ct);
}

internal sealed record Seen(Ping Message, MessageContext Context);

internal sealed class Probe
{
    private readonly Channel<Seen> seen = Channel.CreateUnbounded<Seen>();

    public Func<Ping, MessageContext, CancellationToken, Task> Does { get; set; } = (_, _, _) => Task.CompletedTask;

    public ConcurrentQueue<string> Texts { get; } = new();

    public async Task HandleAsync(Ping message, MessageContext context, CancellationToken ct)
    {
        Texts.Enqueue(message.Text);
        seen.Writer.TryWrite(new Seen(message, context));
        await Does(message, context, ct);
    }

    public async Task<Seen> NextAsync()
    {
        using var limit = new CancellationTokenSource(Soon.Limit);
        return await seen.Reader.ReadAsync(limit.Token);
    }
}
