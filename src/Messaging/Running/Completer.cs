using System.Threading.Channels;
using Events.Messaging.Handlers;
using Events.Messaging.Sending;
using Events.Platform.Outbox;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Running;

/// <summary>A handler that returned without a transaction of its own.</summary>
internal sealed record Completion(ClaimedMessage Message, byte[]? Result, IReadOnlyList<OutboxMessage> Sent);

/// <summary>
/// Marks messages as handled, whatever has ended meanwhile in one transaction. Two lanes: what holds nothing (no job, key or
/// batch) takes the short way, so that a transaction that keeps an order key's line busy delays only such messages.
/// </summary>
internal sealed partial class Completer(NpgsqlDataSource database, TimeProvider time, ILogger logger, CancellationToken lost) : IAsyncDisposable
{
    private const int LargestBatch = 1000;
    private const int Busy = 64;

    /// <summary>
    /// Between two transactions of a busy time. Nobody waits for a mark; and every one of them has the log written, which everybody
    /// else's commit waits for.
    /// </summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(200);

    private readonly Channel<ClaimedMessage> plain = Channel.CreateUnbounded<ClaimedMessage>(new() { SingleReader = true });
    private readonly Channel<Completion> holding = Channel.CreateUnbounded<Completion>(new() { SingleReader = true });
    private Task[] lanes = [];
    private int open;

    /// <summary>Ended messages whose mark is not written yet.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>Called when marks have been written.</summary>
    public Action? Written { get; set; }

    public void Start() => lanes = [Task.Run(RunPlainAsync), Task.Run(RunHoldingAsync)];

    public void Complete(ClaimedMessage message, byte[]? result, IReadOnlyList<OutboxMessage> sent)
    {
        Interlocked.Increment(ref open);
        if (message.HoldsSomething || sent.Count > 0)
            holding.Writer.TryWrite(new Completion(message, result, sent));
        else
            plain.Writer.TryWrite(message);
    }

    /// <summary>Ends messages of a batch whose own ends are committed.</summary>
    public async Task EndAsync(ClaimedBatch batch, int count)
    {
        if (!batch.End(count))
            return;
        await UntilWrittenAsync(async _ =>
        {
            await using var command = database.CreateCommand(EndBatchSql);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = batch.Id });
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        });
    }

    private const string EndBatchSql =
        """
        delete from claimed_batches
        where claim_id = $1
        """;

    private const string PlainSql =
        """
        select mark_handled($1, $2)
        """;

    private const string LateSql =
        """
        select mark_handled_late($1, $2)
        """;

    private async Task RunPlainAsync()
    {
        var messages = new List<ClaimedMessage>(LargestBatch);
        while (await plain.Reader.WaitToReadAsync())
        {
            messages.Clear();
            while (messages.Count < LargestBatch && plain.Reader.TryRead(out var next))
                messages.Add(next);
            await UntilWrittenAsync(late => WritePlainAsync(messages, late));
            Ended(messages.Count);
            if (messages.Count >= Busy && Open < LargestBatch / 2)
                await Task.Delay(Pace, time, CancellationToken.None);
        }
    }

    private async Task WritePlainAsync(List<ClaimedMessage> messages, bool late)
    {
        var perBatch = messages.CountBy(m => m.Batch).ToList();
        // Nothing else of these batches is in flight, so they end in the same transaction as their last messages.
        var ending = perBatch.Where(b => b.Value == b.Key.Open).Select(b => b.Key.Id).ToArray();
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(late ? LateSql : PlainSql, connection)
        {
            Parameters =
            {
                // In the order of their ids, which is that of the index: neighbours are written to the same page.
                new NpgsqlParameter<Guid[]> { TypedValue = [.. messages.Select(m => m.Id)] },
                new NpgsqlParameter<long[]> { TypedValue = ending },
            },
        };
        await command.ExecuteNonQueryAsync(CancellationToken.None);
        foreach (var (batch, count) in perBatch)
        {
            if (ending.Contains(batch.Id))
                batch.End(count);
            else
                await EndAsync(batch, count);
        }
    }

    private const string CompleteSql =
        """
        select id
        from complete_messages($1, $2, $3) as id
        """;

    private async Task RunHoldingAsync()
    {
        var completions = new List<Completion>(LargestBatch);
        while (await holding.Reader.WaitToReadAsync())
        {
            completions.Clear();
            while (completions.Count < LargestBatch && holding.Reader.TryRead(out var next))
                completions.Add(next);
            await UntilWrittenAsync(_ => WriteHoldingAsync(completions));
            Ended(completions.Count);
        }
    }

    private async Task WriteHoldingAsync(List<Completion> completions)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        var marked = await MarkAsync(connection, completions, CancellationToken.None);
        var sent = completions.Where(c => c.Sent.Count > 0 && marked.Contains(c.Message.Id)).SelectMany(c => c.Sent).ToList();
        if (sent.Count > 0)
            await MessageBus.EnqueueAsync(connection, sent, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);

        foreach (var completion in completions.Where(c => !marked.Contains(c.Message.Id)))
            LogDropped(completion.Message.Type, completion.Message.Id);
        foreach (var (batch, count) in completions.CountBy(c => c.Message.Batch))
            await EndAsync(batch, count);
    }

    /// <summary>In the connection's transaction. An id that does not come back must not have its effects committed.</summary>
    public static async Task<HashSet<Guid>> MarkAsync(NpgsqlConnection connection, IReadOnlyList<Completion> completions, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(CompleteSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<long[]> { TypedValue = [.. completions.Select(c => c.Message.Batch.Id)] },
                new NpgsqlParameter<Guid[]> { TypedValue = [.. completions.Select(c => c.Message.Id)] },
                new NpgsqlParameter<byte[]?[]> { TypedValue = [.. completions.Select(c => c.Result)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var marked = new HashSet<Guid>();
        while (await reader.ReadAsync(ct))
            marked.Add(reader.GetGuid(0));
        return marked;
    }

    // Writing again is safe: a mark that is there already is left alone, and does nothing a second time.
    private async Task UntilWrittenAsync(Func<bool, Task> write)
    {
        for (var late = false; !lost.IsCancellationRequested; late = true)
        {
            try
            {
                await write(late);
                return;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
            {
                LogAgain(error);
                // Not with the stop: what has ended is to be written. With the lease it is another node's to end.
                await Task.Delay(AgainAfter, time, lost).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Ended(int count)
    {
        Interlocked.Add(ref open, -count);
        Written?.Invoke();
    }

    /// <summary>Writes what has ended, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        plain.Writer.TryComplete();
        holding.Writer.TryComplete();
        await Task.WhenAll(lanes);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ended messages could not be marked; trying again")]
    private partial void LogAgain(Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "The end of {Type} {Id} was not recorded: it was handled before, or taken over")]
    private partial void LogDropped(string type, Guid id);
}
