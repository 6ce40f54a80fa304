using System.Collections.Frozen;

namespace Events.Messaging.Handlers;

/// <summary>Every registered message type, and the queues that they run in.</summary>
public sealed class MessageTypes
{
    private readonly FrozenDictionary<string, MessageType> byAlias;
    private readonly FrozenDictionary<Type, MessageType> byClrType;

    internal MessageTypes(IReadOnlyCollection<MessageType> types, IReadOnlyCollection<QueueSettings> queues)
    {
        byAlias = types.ToFrozenDictionary(t => t.Alias);
        byClrType = types.ToFrozenDictionary(t => t.ClrType);
        Queues = queues.ToFrozenDictionary(q => q.Name);
    }

    public IReadOnlyCollection<MessageType> All => byAlias.Values;

    internal FrozenDictionary<string, QueueSettings> Queues { get; }

    public MessageType? Find(string alias) => byAlias.GetValueOrDefault(alias);

    /// <exception cref="InvalidOperationException">Nothing handles it.</exception>
    public MessageType Of(Type message) => byClrType.TryGetValue(message, out var type)
        ? type
        : throw new InvalidOperationException($"No handler is registered for {message.Name}: add it to AddMessaging.");
}
