using Events.Platform.Tenancy;

namespace Events.Platform.Outbox;

/// <summary>
/// A message on its way into the queue, as the two engines hand it to each other: the event store writes it in the
/// transaction of the events that cause it by calling the SQL function <c>enqueue_messages</c>, which Messaging owns.
/// </summary>
/// <param name="Id">UUIDv7; the stable key of every external effect of the message.</param>
/// <param name="Type">The message's alias, e.g. <c>import_tasks</c>.</param>
/// <param name="Queue">The queue that it waits in.</param>
/// <param name="Body">JSON, UTF-8.</param>
public sealed record OutboxMessage(Guid Id, TenantId Tenant, string Type, string Queue, ReadOnlyMemory<byte> Body)
{
    /// <summary>0 to 9; lower runs first.</summary>
    public short Priority { get; init; } = 5;

    /// <summary>Not before this moment; null: at once.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>Messages of one key run one at a time and in order, also across failures.</summary>
    public string? OrderKey { get; init; }

    /// <summary>While a message with this key waits or runs, another is not stored.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>W3C trace context of the cause.</summary>
    public string? TraceParent { get; init; }

    public string? CorrelationId { get; init; }

    /// <summary>Whether people watch it as a job (<c>GET /jobs</c>).</summary>
    public bool IsJob { get; init; }
}
