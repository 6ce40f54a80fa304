namespace Events.Messaging.Handlers;

/// <summary>
/// Handles one message. Handlers are singletons. A return is success, an exception a failed attempt (see <c>RetryPolicy</c>);
/// anything may run again, so external effects carry <see cref="MessageContext.IdempotencyKey"/> and database effects join
/// <see cref="MessageContext.BeginEffectsAsync"/>.
/// </summary>
public interface IMessageHandler<in TMessage>
{
    /// <param name="ct">Fires when the job is cancelled, its time limit passes, the worker stops, or its lease is lost.</param>
    Task Handle(TMessage message, MessageContext context, CancellationToken ct);
}
