using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Events.Messaging.Retrying;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Messaging.Handlers;

/// <summary>What is registered of a message type: its name on disk, where it runs and how it is retried.</summary>
public abstract class MessageType
{
    private protected MessageType(string alias, string queue, RetryPolicy retry, TimeSpan timeLimit, bool isJob)
    {
        Alias = alias;
        Queue = queue;
        Retry = retry;
        TimeLimit = timeLimit;
        IsJob = isJob;
    }

    public string Alias { get; }

    public string Queue { get; }

    public RetryPolicy Retry { get; }

    /// <summary>How long one attempt may take; it is cancelled then, and counts as failed once the handler has ended.</summary>
    public TimeSpan TimeLimit { get; }

    /// <summary>Whether messages of this type are jobs unless their sender says otherwise.</summary>
    public bool IsJob { get; }

    internal abstract Type ClrType { get; }

    internal abstract byte[] Serialize(object message);

    /// <summary>A sentence when the message must be refused at the door.</summary>
    internal abstract string? Refusal(object message);

    /// <exception cref="PoisonMessageException">The body is not such a message.</exception>
    internal abstract Task InvokeAsync(IServiceProvider services, ReadOnlyMemory<byte> body, MessageContext context, CancellationToken ct);
}

internal sealed class MessageType<TMessage, THandler>(
    string alias,
    string queue,
    RetryPolicy retry,
    TimeSpan timeLimit,
    bool isJob,
    JsonTypeInfo<TMessage> json,
    Func<TMessage, string?>? validate) : MessageType(alias, queue, retry, timeLimit, isJob)
    where THandler : class, IMessageHandler<TMessage>
{
    private THandler? handler;

    internal override Type ClrType => typeof(TMessage);

    internal override byte[] Serialize(object message) => JsonSerializer.SerializeToUtf8Bytes((TMessage)message, json);

    internal override string? Refusal(object message) => validate?.Invoke((TMessage)message);

    internal override Task InvokeAsync(IServiceProvider services, ReadOnlyMemory<byte> body, MessageContext context, CancellationToken ct)
    {
        handler ??= services.GetRequiredService<THandler>();
        TMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(body.Span, json);
        }
        catch (JsonException error)
        {
            throw new PoisonMessageException($"The body is no {Alias}: {error.Message}", error);
        }

        return message is null
            ? throw new PoisonMessageException($"The body is no {Alias}: it is null.")
            : handler.Handle(message, context, ct);
    }
}
