namespace Events.Messaging.Sending;

/// <summary>How one message differs from its type's defaults.</summary>
public sealed record MessageOptions
{
    /// <summary>UUIDv7; null: a new one. A caller that may repeat itself gives its own: an id that was handled is not stored again.</summary>
    public Guid? Id { get; init; }

    /// <summary>0 to 9; lower runs first among the messages of its tenant.</summary>
    public short Priority { get; init; } = 5;

    /// <summary>Not before this moment.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>Messages of one key run one at a time and in order, also across failures.</summary>
    public string? OrderKey { get; init; }

    /// <summary>While a message with this key waits or runs in the tenant, another is not stored.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Null: the current activity's.</summary>
    public string? TraceParent { get; init; }

    public string? CorrelationId { get; init; }

    /// <summary>Null: as the type is registered.</summary>
    public bool? IsJob { get; init; }

    /// <summary>Null: the type's.</summary>
    public string? Queue { get; init; }
}

/// <summary>The message was refused when it was to be enqueued; nothing was stored. The text is for whoever sent it.</summary>
public sealed class MessageRefusedException(string message) : Exception(message);

/// <summary>More callers wait to enqueue than the limit: try again in a moment.</summary>
public sealed class MessagingBusyException() : Exception("Too many messages wait to be stored.");
