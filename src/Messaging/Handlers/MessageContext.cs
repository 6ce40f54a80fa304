using System.Text.Json;
using Events.Messaging.Running;
using Events.Platform.Outbox;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Messaging.Handlers;

/// <summary>What a handler knows of its message, and the ways in which it answers. Valid during <c>Handle</c> only.</summary>
public sealed class MessageContext
{
    private readonly ClaimedMessage message;
    private readonly EffectsTransaction.Factory effects;
    private readonly Action<ClaimedMessage, JobProgress>? report;
    private List<OutboxMessage>? sent;

    internal MessageContext(ClaimedMessage message, EffectsTransaction.Factory effects, Action<ClaimedMessage, JobProgress>? report)
    {
        this.message = message;
        this.effects = effects;
        this.report = report;
    }

    public TenantId Tenant => message.Tenant;

    public Guid MessageId => message.Id;

    /// <summary>From 1; starts again when a dead letter is replayed.</summary>
    public int Attempt => message.Attempt + 1;

    /// <summary>The same for every attempt: what an external effect is deduplicated by.</summary>
    public string IdempotencyKey => $"message-{message.Id:D}";

    /// <summary>W3C trace context of what caused the message.</summary>
    public string? TraceParent => message.TraceParent;

    public string? CorrelationId => message.CorrelationId;

    public DateTimeOffset EnqueuedAt => message.EnqueuedAt;

    public bool IsJob => message.IsJob;

    internal EffectsTransaction? Effects { get; private set; }

    internal IReadOnlyList<OutboxMessage> Sent => sent ?? (IReadOnlyList<OutboxMessage>)[];

    internal byte[]? Result { get; private set; }

    /// <summary>
    /// Shows how far a job is; for other messages nothing. Call it as often as you like: it is written a few times a second
    /// at most, and the newest always wins.
    /// </summary>
    /// <param name="total">Null while it is not known.</param>
    /// <param name="text">Up to 500 characters for people.</param>
    public void Progress(long done, long? total, string? text = null)
    {
        if (message.IsJob)
            report?.Invoke(message, new JobProgress(done, total, text is { Length: > 500 } ? text[..500] : text));
    }

    /// <summary>The job's result: JSON, camelCase, up to 64 kB; kept as long as the job.</summary>
    /// <exception cref="ArgumentException">Larger than that.</exception>
    public void SetResult<T>(T result)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(result, JsonSerializerOptions.Web);
        if (json.Length > 64 << 10)
            throw new ArgumentException("A job's result has at most 64 kB of JSON: store more as a file.", nameof(result));
        Result = json;
    }

    /// <summary>
    /// Opens (once) the transaction that commits together with the mark that the message is done: effects written on its
    /// connection happen exactly once. It rolls back when the handler throws. Do not commit or dispose it.
    /// </summary>
    /// <exception cref="ClaimLostException">Another worker has taken the message over.</exception>
    public async ValueTask<NpgsqlTransaction> BeginEffectsAsync(CancellationToken ct)
    {
        Effects ??= await effects(message, ct);
        return Effects.Transaction;
    }

    /// <summary>Enqueues a message together with the mark that this one is done, and not at all if it fails.</summary>
    public void Send(OutboxMessage outgoing) => (sent ??= []).Add(outgoing);
}

/// <param name="Total">Null while it is not known.</param>
public sealed record JobProgress(long Done, long? Total, string? Text);

/// <summary>The message belongs to another worker by now; this attempt's effects are not committed.</summary>
public sealed class ClaimLostException() : Exception("Another worker has taken this message over.");
