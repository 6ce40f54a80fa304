using System.Diagnostics;
using Events.Messaging.Handlers;
using Events.Messaging.Running;
using Events.Platform.Outbox;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Messaging.Sending;

/// <summary>
/// Makes messages, for a unit of work of the event store to carry, or stores them itself. What is stored here is durable
/// when the call returns; concurrent callers are written together in one transaction.
/// </summary>
public sealed class MessageBus : IAsyncDisposable
{
    /// <summary>Longest body, in bytes of JSON.</summary>
    public const int MaxBodyBytes = 256 << 10;

    private readonly NpgsqlDataSource database;
    private readonly MessageTypes types;
    private readonly LocalWakeUps wakeUps;
    private readonly GroupCommit<EnqueueItem, bool> group;

    public MessageBus(NpgsqlDataSource database, MessageTypes types, LocalWakeUps wakeUps)
    {
        this.database = database;
        this.types = types;
        this.wakeUps = wakeUps;
        group = new GroupCommit<EnqueueItem, bool>(new GroupCommitLimits { Queued = 20_000, BatchItems = 1000, Lanes = 2 }, WriteAsync);
    }

    /// <summary>A message that is not stored yet: for <c>UnitOfWork.Messages</c>, <c>MessageContext.Send</c> or one of the calls below.</summary>
    /// <exception cref="MessageRefusedException">The message does not pass its type's validation, or a limit.</exception>
    public OutboxMessage Create<TMessage>(TenantId tenant, TMessage message, MessageOptions? options = null)
        where TMessage : notnull
        => Create(tenant, (object)message, options);

    internal OutboxMessage Create(TenantId tenant, object message, MessageOptions? options = null)
    {
        var type = types.Of(message.GetType());
        if (type.Refusal(message) is { } refusal)
            throw new MessageRefusedException(refusal);
        options ??= new MessageOptions();
        var outgoing = new OutboxMessage(options.Id ?? Guid.CreateVersion7(), tenant, type.Alias, options.Queue ?? type.Queue, type.Serialize(message))
        {
            Priority = options.Priority,
            ScheduledFor = options.ScheduledFor,
            OrderKey = options.OrderKey,
            UniqueKey = options.UniqueKey,
            TraceParent = options.TraceParent ?? Activity.Current?.Id,
            CorrelationId = options.CorrelationId,
            IsJob = options.IsJob ?? type.IsJob,
        };
        RequireWithinLimits(outgoing);
        return outgoing;
    }

    /// <summary>Stores a message; durable on return.</summary>
    /// <returns>The message's id, which is the job's id if it is one.</returns>
    /// <exception cref="MessageRefusedException">See <see cref="Create"/>.</exception>
    /// <exception cref="MessagingBusyException">Too many callers wait.</exception>
    public async Task<Guid> EnqueueAsync<TMessage>(TenantId tenant, TMessage message, MessageOptions? options, CancellationToken ct)
        where TMessage : notnull
    {
        var outgoing = Create(tenant, message, options);
        await EnqueueAsync([outgoing], ct);
        return outgoing.Id;
    }

    /// <summary>Stores messages, all or none; durable on return.</summary>
    /// <param name="ct">Ends the wait only: what is on its way may still be stored.</param>
    /// <exception cref="MessagingBusyException">Too many callers wait.</exception>
    public Task EnqueueAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken ct)
    {
        foreach (var message in messages)
            RequireWithinLimits(message);
        if (messages.Count == 0)
            return Task.CompletedTask;
        var item = new EnqueueItem(messages);
        if (!group.TryEnqueue(item))
            throw new MessagingBusyException();
        return item.Completion.WaitAsync(ct);
    }

    /// <summary>Stores messages in the caller's transaction; its connection must be open and in one.</summary>
    public static async Task EnqueueAsync(NpgsqlConnection connection, IReadOnlyList<OutboxMessage> messages, CancellationToken ct)
    {
        foreach (var message in messages)
            RequireWithinLimits(message);
        if (messages.Count == 0)
            return;
        await using var command = EnqueueStatement.Create(connection, messages);
        await command.ExecuteNonQueryAsync(ct);
        OutboxTelemetry.Stored(messages);
    }

    private const string BatchSql =
        """
        insert into message_batches (id, tenant_id, total, remaining, completion)
        values ($1, $2, $3, $3, row(null, $4, $2, $5, $6, $7, 0, 0, null, $8, $9, null, null, $10, $11, $12)::message_row)
        """;

    /// <summary>
    /// Stores messages that belong together, and <paramref name="completion"/> to be sent when the last of them has ended
    /// (succeeded, dead or cancelled). All or none; durable on return. Unique keys have no place in a batch.
    /// </summary>
    /// <returns>The batch's id.</returns>
    /// <exception cref="MessageRefusedException">No messages, or one of another tenant or with a unique key.</exception>
    public async Task<Guid> EnqueueBatchAsync(TenantId tenant, IReadOnlyList<OutboxMessage> messages, OutboxMessage completion, CancellationToken ct)
    {
        if (messages.Count == 0)
            throw new MessageRefusedException("A batch has at least one message.");
        if (messages.Any(m => m.UniqueKey is not null || m.Tenant != tenant) || completion.Tenant != tenant)
            throw new MessageRefusedException("The messages of a batch are of one tenant and have no unique keys.");
        RequireWithinLimits(completion);
        foreach (var message in messages)
            RequireWithinLimits(message);

        var id = Guid.CreateVersion7();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(BatchSql)
        {
            Parameters =
            {
                new() { Value = id },
                new() { Value = tenant.Value },
                new() { Value = messages.Count },
                new() { Value = completion.Id },
                new() { Value = completion.Queue },
                new() { Value = completion.Type },
                new() { Value = completion.Priority },
                new() { Value = completion.Body, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Jsonb },
                new() { Value = completion.OrderKey ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar },
                new() { Value = completion.TraceParent ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar },
                new() { Value = completion.CorrelationId ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar },
                new() { Value = completion.IsJob },
            },
        });
        foreach (var chunk in messages.Chunk(1000))
            batch.BatchCommands.Add(EnqueueStatement.CreateForBatch(chunk, id));
        await batch.ExecuteNonQueryAsync(ct);
        await transaction.CommitAsync(ct);
        OutboxTelemetry.Stored(messages);
        return id;
    }

    private async Task WriteAsync(IReadOnlyList<EnqueueItem> items, CancellationToken ct)
    {
        try
        {
            await StoreAsync(items.Count == 1 ? items[0].Messages : [.. items.SelectMany(i => i.Messages)], ct);
            foreach (var item in items)
                item.Succeed(true);
        }
        catch (Exception error) when (items.Count > 1 && error is not OperationCanceledException)
        {
            await StoreEachAsync(items, ct);
        }
    }

    /// <summary>
    /// Somebody's message cannot be stored, such as a body that is no JSON: only its own sender is to hear of it, also when its
    /// refusal cost everybody's connection. Storing again what did commit is safe: ids are handled once. After two in a row that
    /// failed for another reason there is no connection to be had, and the others are not made to wait for it one after another.
    /// </summary>
    private async Task StoreEachAsync(IReadOnlyList<EnqueueItem> items, CancellationToken ct)
    {
        var broken = 0;
        foreach (var (i, item) in items.Index())
        {
            try
            {
                await StoreAsync(item.Messages, ct);
                item.Succeed(true);
                broken = 0;
            }
            catch (PostgresException error) when (!error.IsTransient)
            {
                item.Fail(error);
                broken = 0;
            }
            catch (Exception error)
            {
                item.Fail(error);
                if (++broken < 2)
                    continue;
                foreach (var left in items.Skip(i + 1))
                    left.Fail(error);
                return;
            }
        }
    }

    private async Task StoreAsync(IReadOnlyList<OutboxMessage> messages, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        try
        {
            var unclaimed = wakeUps.Expect(messages) is { } claim
                ? await claim.StoreAsync(connection, ct)
                : await StoreReadyAsync(connection, messages, ct);
            OutboxTelemetry.Stored(messages);
            wakeUps.Signal(unclaimed);
        }
        catch (PostgresException)
        {
            // Npgsql 10.0.0 loses count of the answers of a connection whose statement failed while it was being prepared by
            // use: the next user would read the wrong one. So before this one goes back to the pool.
            database.Clear();
            throw;
        }
    }

    private static async Task<IReadOnlyList<OutboxMessage>> StoreReadyAsync(NpgsqlConnection connection, IReadOnlyList<OutboxMessage> messages, CancellationToken ct)
    {
        // One statement is one transaction: no begin and commit of its own, one round trip.
        await using var command = EnqueueStatement.Create(connection, messages);
        await command.ExecuteNonQueryAsync(ct);
        return messages;
    }

    private static void RequireWithinLimits(OutboxMessage message)
    {
        if (message.Body.Length > MaxBodyBytes)
            throw new MessageRefusedException($"A message's body has at most {MaxBodyBytes >> 10} kB of JSON: store more as a file.");
        if (HoldsNul(message.Body.Span))
            throw new MessageRefusedException("A message's body cannot hold the character NUL.");
        if (message.Priority is < 0 or > 9)
            throw new MessageRefusedException("A message's priority is 0 to 9.");
        if (message.OrderKey is { Length: 0 or > 200 } || message.UniqueKey is { Length: 0 or > 200 })
            throw new MessageRefusedException("Order and unique keys have 1 to 200 characters.");
    }

    /// <summary>Whether an escaped NUL is in it, the one thing that JSON has and PostgreSQL's jsonb has not.</summary>
    private static bool HoldsNul(ReadOnlySpan<byte> json)
    {
        for (int at; (at = json.IndexOf("\\u0000"u8)) >= 0; json = json[(at + 6)..])
        {
            // After an even number of backslashes this one begins the escape; after an odd number it is itself escaped.
            if ((at - 1 - json[..at].LastIndexOfAnyExcept((byte)'\\')) % 2 == 0)
                return true;
        }

        return false;
    }

    public ValueTask DisposeAsync() => group.DisposeAsync();

    private sealed class EnqueueItem(IReadOnlyList<OutboxMessage> messages) : GroupCommitItem<bool>
    {
        public IReadOnlyList<OutboxMessage> Messages => messages;

        public override int Size { get; } = messages.Sum(m => m.Body.Length + 200);
    }
}
