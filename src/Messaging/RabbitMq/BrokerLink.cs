using Events.Messaging.Handlers;
using Events.Messaging.Running;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Events.Messaging.RabbitMq;

/// <summary>
/// Carries queues over RabbitMQ. The relay claims messages like any worker and lets go of a claim only when the broker has
/// confirmed all of it; the consumer takes each delivery into the database, once, before it acknowledges. From there the same
/// handlers, retries and dead letters follow. Both directions may repeat a message; neither may lose one.
/// </summary>
internal sealed partial class BrokerLink(
    NpgsqlDataSource database,
    BrokerOptions options,
    IReadOnlyCollection<QueueSettings> queues,
    NodeLease lease,
    Settler settler,
    Completer completer,
    TimeSpan pollInterval,
    TimeProvider time,
    ILogger logger) : IDisposable
{
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, SemaphoreSlim> woken = queues.ToDictionary(q => q.Name, _ => new SemaphoreSlim(0, 1), StringComparer.Ordinal);

    public void Wake(string? queue)
    {
        foreach (var (name, signal) in woken)
        {
            if ((queue is null || queue == name) && signal.CurrentCount == 0)
            {
                try
                {
                    signal.Release();
                }
                catch (SemaphoreFullException)
                {
                    // Woken by somebody else at this moment.
                }
            }
        }
    }

    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await RunConnectedAsync(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogBroken(error);
            }

            await Task.Delay(ReconnectAfter, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunConnectedAsync(CancellationToken ct)
    {
        // Recovery is this loop: what the client's own would do behind our back could not be told from a lost confirm.
        var factory = new ConnectionFactory { Uri = new Uri(options.Uri!), AutomaticRecoveryEnabled = false, ClientProvidedName = "events" };
        await using var connection = await factory.CreateConnectionAsync(ct);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        connection.ConnectionShutdownAsync += (_, _) => ended.CancelAsync();

        var running = new List<Task>();
        foreach (var queue in queues)
        {
            await using (var declaring = await connection.CreateChannelAsync(cancellationToken: ct))
                await declaring.QueueDeclareAsync(queue.Name, durable: true, exclusive: false, autoDelete: false, cancellationToken: ct);
            running.Add(RelayAsync(connection, queue, ended));
            running.Add(ConsumeAsync(connection, queue, ended));
        }

        LogConnected(queues.Count);
        await Task.WhenAll(running);
    }

    private async Task RelayAsync(IConnection connection, QueueSettings queue, CancellationTokenSource ended)
    {
        try
        {
            await using var channel = await connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), ended.Token);
            var after = "";
            while (true)
            {
                var claimed = await Claimer.ClaimAsync(database, lease, queue, new ClaimRequest(options.Window, after, null, options.Window, [], []), ended.Token);
                if (claimed.Count == 0)
                {
                    await woken[queue.Name].WaitAsync(pollInterval, ended.Token);
                    continue;
                }

                after = claimed[^1].Tenant.Value;
                await PublishAsync(channel, queue.Name, claimed, ended.Token);
            }
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    private async Task PublishAsync(IChannel channel, string queue, List<ClaimedMessage> claimed, CancellationToken ct)
    {
        try
        {
            var confirms = new List<Task>(claimed.Count);
            foreach (var message in claimed)
            {
                var properties = new BasicProperties { Persistent = true, MessageId = message.Id.ToString("D"), Type = message.Type, ContentType = "application/json" };
                confirms.Add(channel.BasicPublishAsync("", queue, mandatory: true, properties, Envelope.Write(message), ct).AsTask());
            }

            await Task.WhenAll(confirms);
        }
        catch
        {
            // Some may be there already: the consumer knows them again by their ids.
            foreach (var message in claimed)
                await settler.SettleAsync(message, new Settlement(Outcome.Released));
            throw;
        }

        await completer.EndAsync(claimed[0].Batch, claimed.Count);
    }

    private async Task ConsumeAsync(IConnection connection, QueueSettings queue, CancellationTokenSource ended)
    {
        try
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: ended.Token);
            await channel.BasicQosAsync(0, options.Window, global: false, ended.Token);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += async (_, delivery) =>
            {
                if (await TryReceiveAsync(queue.Name, delivery.Body))
                    await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
                else
                    await ended.CancelAsync();
            };
            await channel.BasicConsumeAsync(queue.Name, autoAck: false, consumer, ended.Token);
            await Task.Delay(Timeout.Infinite, ended.Token);
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    private const string ReceiveSql =
        """
        select receive_message($1, $2)
        """;

    /// <returns>False: the database is away. The link closes, the broker keeps the message and delivers it again.</returns>
    private async Task<bool> TryReceiveAsync(string queue, ReadOnlyMemory<byte> envelope)
    {
        try
        {
            await using var command = database.CreateCommand(ReceiveSql);
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = envelope.ToArray(), NpgsqlDbType = NpgsqlDbType.Jsonb });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BrokerOptions.Arrived(queue) });
            await command.ExecuteNonQueryAsync(CancellationToken.None);
            return true;
        }
        catch (PostgresException error) when (!error.IsTransient && error.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            // Not one of ours, and it never will be: keeping it would stop the queue.
            LogForeign(error, queue);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
        {
            LogNotReceived(error, queue);
            return false;
        }
    }

    public void Dispose()
    {
        foreach (var signal in woken.Values)
            signal.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "RabbitMQ carries {Queues} queues")]
    private partial void LogConnected(int queues);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The link to RabbitMQ is broken; messages wait in the database until it is back")]
    private partial void LogBroken(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "RabbitMQ delivered something in {Queue} that is no message; it was dropped")]
    private partial void LogForeign(Exception error, string queue);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A delivery in {Queue} could not be taken in; it will come again")]
    private partial void LogNotReceived(Exception error, string queue);
}
