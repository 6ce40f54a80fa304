using Events.Messaging.Sending;
using Events.Platform.Outbox;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Running;

/// <summary>
/// Claims messages for this node in the statement that stores them, where it has a slot free and nothing of the tenant: they
/// start when that statement's answer arrives, one round trip and one commit earlier than by being woken.
/// </summary>
internal sealed class ArrivalClaims(NodeLease lease, IReadOnlyDictionary<string, QueueRunner> runners)
{
    private const int Largest = 16;

    public ArrivalClaim? Expect(IReadOnlyList<OutboxMessage> messages)
    {
        QueueRunner? runner = null;
        List<OutboxMessage>? taken = null;
        List<OutboxMessage>? rest = null;
        foreach (var message in messages)
        {
            if (IsPlain(message) && (taken is null || (taken.Count < Largest && taken.TrueForAll(m => m.Id != message.Id)))
                && (runner is null ? runners.TryGetValue(message.Queue, out var found) : message.Queue == (found = runner).Name)
                && found!.Slots.TryExpect(message.Tenant.Value))
            {
                runner = found;
                (taken ??= []).Add(message);
            }
            else
            {
                (rest ??= []).Add(message);
            }
        }

        return taken is null ? null : new ArrivalClaim(lease, runner!, taken, rest ?? []);
    }

    /// <summary>One whose storing touches more than its own row goes the ordinary way.</summary>
    private static bool IsPlain(OutboxMessage message) => message is { IsJob: false, OrderKey: null, UniqueKey: null, ScheduledFor: null };
}

/// <summary>One statement's claim, of one queue and at most one message a tenant.</summary>
internal sealed class ArrivalClaim(NodeLease lease, QueueRunner runner, List<OutboxMessage> taken, List<OutboxMessage> rest)
{
    private const string Sql =
        """
        select id, seq, enqueued_at
        from store_and_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    /// <summary>Stores all messages in one transaction, and starts those that were claimed.</summary>
    /// <returns>Those that were not: somebody has to be told of them.</returns>
    public async Task<IReadOnlyList<OutboxMessage>> StoreAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var batch = new ClaimedBatch(lease.NextClaim());
        Dictionary<Guid, ClaimedMessage> claimed;
        try
        {
            claimed = await WriteAsync(connection, batch, ct);
        }
        catch
        {
            // Committed all the same, perhaps: then nobody has started them, and they are handed back.
            lease.Unanswered.Add(batch.Id);
            foreach (var message in taken)
                runner.Slots.Meet(message.Tenant.Value, null);
            throw;
        }

        foreach (var message in taken)
        {
            if (claimed.Remove(message.Id, out var own))
                runner.Slots.Meet(message.Tenant.Value, own);
            else
                runner.Slots.Meet(message.Tenant.Value, null);
            if (own is null)
                rest.Add(message);
        }

        return rest;
    }

    private async Task<Dictionary<Guid, ClaimedMessage>> WriteAsync(NpgsqlConnection connection, ClaimedBatch batch, CancellationToken ct)
    {
        await using var command = new NpgsqlBatch(connection);
        command.BatchCommands.Add(ClaimCommand(batch.Id));
        if (rest.Count > 0)
            command.BatchCommands.Add(EnqueueStatement.Create(rest));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var claimed = new Dictionary<Guid, ClaimedMessage>();
        while (await reader.ReadAsync(ct))
        {
            var message = taken.Find(m => m.Id == reader.GetGuid(0))!;
            batch.Add();
            claimed.Add(message.Id, new ClaimedMessage
            {
                Batch = batch,
                Queue = message.Queue,
                Id = message.Id,
                Tenant = message.Tenant,
                Type = message.Type,
                Priority = message.Priority,
                Attempt = 0,
                Takeovers = 0,
                EnqueuedAt = reader.GetFieldValue<DateTimeOffset>(2),
                Body = message.Body.ToArray(),
                TraceParent = message.TraceParent,
                CorrelationId = message.CorrelationId,
                Sequence = reader.GetInt64(1),
            });
        }

        // To the last answer: the transaction commits with it.
        while (await reader.NextResultAsync(ct))
        {
        }

        return claimed;
    }

    private NpgsqlBatchCommand ClaimCommand(long claimId) => new(Sql)
    {
        Parameters =
        {
            new NpgsqlParameter<long> { TypedValue = claimId },
            new NpgsqlParameter<int> { TypedValue = lease.NodeId },
            new NpgsqlParameter<string> { TypedValue = runner.Name },
            new NpgsqlParameter<Guid[]> { TypedValue = [.. taken.Select(m => m.Id)] },
            Texts(m => m.Tenant.Value),
            Texts(m => m.Type),
            new NpgsqlParameter<ReadOnlyMemory<byte>[]> { TypedValue = [.. taken.Select(m => m.Body)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb },
            new NpgsqlParameter<short[]> { TypedValue = [.. taken.Select(m => m.Priority)] },
            Texts(m => m.TraceParent),
            Texts(m => m.CorrelationId),
        },
    };

    private NpgsqlParameter<string?[]> Texts(Func<OutboxMessage, string?> of) =>
        new() { TypedValue = [.. taken.Select(of)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar };
}
